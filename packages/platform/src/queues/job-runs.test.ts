import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { JobInterrupted } from './job-interrupted.js';
import { JobRuns } from './job-runs.js';

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

describe('runs of jobs', () => {
  it('aborts the older run of a job that is run anew, and lets it end after the newer one', async () => {
    const runs = new JobRuns();
    const never = new AbortController().signal;
    const ended: string[] = [];
    const first = runs.run('a', never, untilAborted).catch((error) => {
      ended.push('first');
      return error;
    });
    let finish = () => {};
    const second = runs
      .run('a', never, () => new Promise<void>((resolve) => (finish = resolve)))
      .then(() => void ended.push('second'));
    await setImmediate();
    expect([runs.ids(), ended]).toEqual([['a'], []]);
    finish();
    await second;
    const reason = await first;
    expect(reason).toBeInstanceOf(JobInterrupted);
    expect(reason.why).toBe('lock-lost');
    expect([runs.ids(), ended]).toEqual([[], ['second', 'first']]);
  });

  it('aborts all of them when it closes, and what comes after', async () => {
    const runs = new JobRuns();
    const never = new AbortController().signal;
    const going = runs.run('a', never, untilAborted).catch((error) => error);
    runs.close();
    expect(await going).toMatchObject({ why: 'closing' });
    const late = runs.run('b', never, async (signal) => signal.throwIfAborted()).catch((error) => error);
    expect(await late).toMatchObject({ why: 'closing' });
  });

  it('hands on the signal of the job, and leaves other jobs alone', async () => {
    const runs = new JobRuns();
    const cancelled = new AbortController();
    const [a, b] = [cancelled.signal, new AbortController().signal].map((signal, i) =>
      runs.run(['a', 'b'][i]!, signal, untilAborted).catch((error) => error),
    );
    cancelled.abort('enough');
    expect(await a).toBe('enough');
    expect(runs.ids()).toEqual(['b']);
    runs.run('b', cancelled.signal, async () => undefined);
    expect(await b).toBeInstanceOf(JobInterrupted);
  });
});
