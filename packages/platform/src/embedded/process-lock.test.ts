import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { lockOwner, takeProcessLock } from './process-lock.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retort-lock-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A process that was alive once: its id may be anyone's by now, its start is nobody's. */
const STALE = JSON.stringify({ pid: process.pid, started: 'long ago' });

it('gives a stale lock to exactly one of many that start at once', async () => {
  for (let round = 0; round < 30; round++) {
    const path = join(folder, `${round}.lock`);
    await writeFile(path, STALE);
    const taken = await Promise.all(Array.from({ length: 8 }, () => takeProcessLock(path)));
    const winners = taken.filter((outcome) => 'release' in outcome);
    expect(winners).toHaveLength(1);
    expect(await lockOwner(path)).toBe(process.pid);
    await winners[0]!.release();
    expect((await readdir(folder)).filter((name) => name.startsWith(`${round}.`))).toEqual([]);
  }
});

it('gives it to one of several processes, and again when that one was killed', async () => {
  const path = join(folder, 'processes');
  const module = createRequire(import.meta.url).resolve('../../dist/embedded/process-lock.js');
  const starter = join(folder, 'starter.mjs');
  await writeFile(
    starter,
    `import { takeProcessLock } from ${JSON.stringify(module)};
     process.once('message', async () => process.send('release' in (await takeProcessLock(${JSON.stringify(path)}))));
     process.send('ready');
     process.once('disconnect', () => process.exit());`,
  );
  for (let round = 0; round < 3; round++) {
    const starters = Array.from({ length: 4 }, () => fork(starter, { execArgv: [] }));
    try {
      await Promise.all(starters.map((child) => once(child, 'message')));
      const answers = starters.map((child) => once(child, 'message'));
      for (const child of starters) child.send('go'); // The lock is that of the winner of the round before.
      expect((await Promise.all(answers)).filter(([won]) => won)).toHaveLength(1);
    } finally {
      const exits = starters.map((child) => once(child, 'exit'));
      for (const child of starters) child.kill('SIGKILL');
      await Promise.all(exits);
    }
  }
});
