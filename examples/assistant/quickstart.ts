/**
 * Starts the whole platform on this machine, then does over HTTP what a user does: task, dataset, teacher, distillation,
 * deployment, questions. `--exit` ends after that, `--report FILE` writes the figures, `--port N` picks the port.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRetortClient } from '@retort/client';
import { duration, fail, reportTable, startPlatform } from 'retort';
import { askStudent, distilAssistant } from './steps.js';
import { buildUseLiteTeacher } from './teacher/use-lite.js';

const DEFAULT_PORT = 8080;

const { values: flags } = parseArgs({
  options: { exit: { type: 'boolean' }, report: { type: 'string' }, port: { type: 'string' } },
});

async function main(): Promise<void> {
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const begun = performance.now();
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const scratch = await mkdtemp(join(tmpdir(), 'retort-quickstart-'));
  say('Starting PostgreSQL, the queue, the API, the workers and inference …');
  const platform = await startPlatform({ port: await choosePort() });
  try {
    say(
      `Retort is up at ${platform.url}, its queues in ${platform.queues} (${duration((performance.now() - begun) / 1000)}).\n`,
    );
    const retort = createRetortClient({ baseUrl: platform.url, apiKey: platform.adminKey });
    const teacherDir = join(scratch, 'teacher');
    await buildUseLiteTeacher(teacherDir);

    const work = distilAssistant(retort, teacherDir, say);
    const report = await Promise.race([work, stopped.then(() => undefined)]);
    if (report === undefined) return;
    const seconds = (performance.now() - begun) / 1000;
    say(`\n${reportTable({ ...report, seconds })}\n`);
    if (flags.report !== undefined) {
      await writeFile(flags.report, `${JSON.stringify({ ...report, seconds }, null, 2)}\n`);
    }
    await askStudent(retort, say);
    say(`\nFrom the first line to here: ${duration(seconds)}.`);
    if (flags.exit) return;

    say(`\nAsk it yourself:\n\n  curl -s ${platform.url}/infer -H 'content-type: application/json' \\`);
    say(`    -H 'authorization: Bearer ${platform.adminKey}' \\`);
    say(`    -d '{"task": "assistant", "input": "wake me at seven", "topK": 3}'\n`);
    say(`API page: ${platform.url}/docs     Stop: Ctrl-C (everything it made is removed)`);
    await stopped;
  } finally {
    await platform.stop();
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The port asked for; else the usual one where it is free, else any. */
async function choosePort(): Promise<number> {
  if (flags.port !== undefined) return Number(flags.port);
  const probe = createServer().listen(DEFAULT_PORT, '127.0.0.1');
  const free = await Promise.race([once(probe, 'listening').then(() => true), once(probe, 'error').then(() => false)]);
  if (free) await new Promise((resolve) => probe.close(resolve));
  return free ? DEFAULT_PORT : 0;
}

await main().catch(fail);
