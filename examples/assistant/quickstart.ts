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
import type { DistillationReport } from '@retort/contracts';
import { abortOnInterrupt, duration, fail, type Platform, reportTable, startPlatform } from 'retort';
import { askStudent, distilAssistant } from './steps.js';
import { buildUseLiteTeacher } from './teacher/use-lite.js';

const DEFAULT_PORT = 8080;

const { values: flags } = parseArgs({
  options: { exit: { type: 'boolean' }, report: { type: 'string' }, port: { type: 'string' } },
});

async function main(): Promise<void> {
  const signal = abortOnInterrupt();
  const stopped = once(signal, 'abort');
  const begun = performance.now();
  const say = (line: string) => process.stdout.write(`${line}\n`);
  say('Starting PostgreSQL, the queue, the API, the workers and inference …');
  const scratch = await mkdtemp(join(tmpdir(), 'retort-quickstart-'));
  let platform: Platform | undefined;
  try {
    platform = await startPlatform({ port: await choosePort(), signal });
    const { url, queues, adminKey } = platform;
    say(`Retort is up at ${url}, its queues in ${queues} (${duration((performance.now() - begun) / 1000)}).\n`);
    const retort = createRetortClient({ baseUrl: url, apiKey: adminKey });
    const teacherDir = join(scratch, 'teacher');
    await buildUseLiteTeacher(teacherDir);

    const work = distilAssistant(retort, teacherDir, say);
    work.catch(() => undefined); // Once stopped, nobody waits for what the closing platform answers.
    const figures = await Promise.race([work, stopped.then(() => undefined)]);
    if (figures === undefined) return;
    const report: DistillationReport = { ...figures, seconds: (performance.now() - begun) / 1000 };
    say(`\n${reportTable(report)}\n`);
    if (flags.report !== undefined) await writeFile(flags.report, `${JSON.stringify(report, null, 2)}\n`);
    await askStudent(retort, say);
    say(`\nFrom the first line to the figures: ${duration(report.seconds)}.`);
    if (flags.exit) return;

    say(`\nAsk it yourself:\n\n  curl -s ${url}/infer -H 'content-type: application/json' \\`);
    say(`    -H 'authorization: Bearer ${adminKey}' \\`);
    say(`    -d '{"task": "assistant", "input": "wake me at seven", "topK": 3}'\n`);
    say(`API page: ${url}/docs     Stop: Ctrl-C (everything it made is removed)`);
    await stopped;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await platform?.stop();
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
