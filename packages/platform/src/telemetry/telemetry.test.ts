import { describe, expect, it } from 'vitest';
import { createLogger, redact } from './logger.js';
import { createMetrics } from './metrics.js';

const KEY = `rt_${'aB3-_'.repeat(8)}xyz`;

function logged(pretty: boolean, write: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  const destination = {
    write(line: string) {
      text += line;
    },
  };
  write(createLogger({ name: 'api', level: 'debug', destination, pretty }));
  return text;
}

describe('createLogger', () => {
  it('writes a JSON object a line, with level, time and service', () => {
    const entry = JSON.parse(logged(false, (logger) => logger.info({ job: 'd1' }, 'started')));
    expect(entry).toMatchObject({ level: 'info', service: 'api', job: 'd1', msg: 'started' });
    expect(Math.abs(Date.parse(entry.time) - Date.now())).toBeLessThan(60_000);
  });

  it.each([true, false])('lets no key and no password through (pretty: %s)', (pretty) => {
    const text = logged(pretty, (logger) => {
      logger.warn({ url: `/x?key=${KEY}`, nested: { deep: [KEY] } }, `used ${KEY}`);
      logger.error({ err: new Error(`connect postgresql://retort:hunter2@127.0.0.1:5432/x with ${KEY}`) }, 'failed');
      logger.info({ req: { headers: { authorization: 'Basic aHVudGVyMg==' } }, password: 'hunter2' }, 'request');
      logger.child({ redis: 'redis://:hunter2@localhost' }).debug('child');
    });
    expect(text).toContain('failed');
    expect(text).not.toMatch(/hunter2|aHVudGVyMg|aB3-_aB3/);
    expect(text.match(/rt_\[redacted\]/g)?.length).toBeGreaterThanOrEqual(4);
  });

  it('is readable on a terminal', () => {
    const text = logged(true, (logger) => logger.error({ err: new Error('boom'), n: 3 }, 'failed'));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are what is taken away.
    const plain = text.replace(/\u001b\[\d+m/g, '');
    expect(plain).toMatch(/^\d\d:\d\d:\d\d error api\s+failed n=3\nError: boom\n\s+at /);
  });

  it('redacts what only looks like a key as little as possible', () => {
    expect(redact('start_of rt_short http://host:8080/a@b')).toBe('start_of rt_short http://host:8080/a@b');
  });
});

describe('createMetrics', () => {
  it('counts and times attempts, and tells the build', async () => {
    const { registry, recordJob } = createMetrics({ service: 'trainer', version: '1.2.3' });
    recordJob({ queue: 'train', seconds: 3, final: true });
    recordJob({ queue: 'train', seconds: 0.2, final: false, error: new Error('no') });
    recordJob({ queue: 'train', seconds: 0.2, final: true, error: new Error('no') });
    const text = await registry.metrics();
    expect(text).toMatch(/^retort_build_info\{version="1.2.3",node="v[\d.]+",service="trainer"\} 1$/m);
    for (const outcome of ['completed', 'retried', 'failed']) {
      expect(text).toContain(`retort_job_attempts_total{queue="train",outcome="${outcome}",service="trainer"} 1`);
    }
    expect(text).toContain('retort_job_duration_seconds_sum{service="trainer",queue="train",outcome="completed"} 3');
    expect(text).toContain('process_cpu_seconds_total');
  });

  it('reads the queues at every scrape, and survives a queue that is down', async () => {
    const metrics = createMetrics({ service: 'api', version: '0' });
    let waiting = 2;
    const counts = { 'waiting-children': 0, delayed: 0, active: 1, completed: 0, failed: 0 };
    const queues = {
      async counts() {
        if (waiting < 0) throw new Error('down');
        return { ...counts, waiting };
      },
    };
    metrics.watchQueues(queues, ['label']);
    const line = (n: number) => `retort_queue_jobs{queue="label",state="waiting",service="api"} ${n}`;
    expect(await metrics.registry.metrics()).toContain(line(2));
    waiting = 5;
    expect(await metrics.registry.metrics()).toContain(line(5));
    waiting = -1;
    expect(await metrics.registry.metrics()).not.toContain('retort_queue_jobs{');
  });
});
