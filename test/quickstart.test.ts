import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DistillationReport } from '@retort/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Processes whose command line or environment names the folder: what a run would leave behind. */
async function processesNaming(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const commandLine = await read('cmdline');
    if (Number(pid) !== process.pid && `${commandLine}${await read('environ')}`.includes(folder)) {
      found.push(commandLine.replaceAll('\0', ' '));
    }
  }
  return found;
}

describe('the quickstart', () => {
  let work: string;
  let output = '';
  let status: unknown;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-quickstart-test-'));
    const temporary = join(work, 'tmp');
    await mkdir(temporary, { mode: 0o777 });
    const script = join(ROOT, 'examples/dist/assistant/quickstart.js');
    const child = spawn(process.execPath, [script, '--exit', '--port', '0', '--report', join(work, 'report.json')], {
      env: { PATH: process.env.PATH, TMPDIR: temporary, HOME: work },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    [status] = await once(child, 'exit');
  }, 300_000);
  afterAll(() => rm(work, { recursive: true, force: true }));

  it('ends well, with a report whose student keeps 95% of its teacher', async () => {
    expect(status, output).toBe(0);
    const { teacher, student, speedup, seconds }: DistillationReport = JSON.parse(
      await readFile(join(work, 'report.json'), 'utf8'),
    );
    expect(student.accuracy / teacher.accuracy).toBeGreaterThanOrEqual(0.95);
    expect(student.bytes).toBeLessThan(teacher.bytes);
    for (const figure of [student.agreement, teacher.latencyMs, student.latencyMs, speedup, seconds]) {
      expect(figure).toBeGreaterThan(0);
    }
  });

  it('shows every stage and no noise', () => {
    for (const stage of ['embedding', 'fitting', 'labelling', 'training', 'evaluating', 'packaging']) {
      expect(output).toMatch(new RegExp(`^ {2}${stage} .* in +[0-9]`, 'm'));
    }
    expect(output).not.toMatch(/warn|error|exception|undefined|NaN/i);
  });

  it.runIf(process.platform === 'linux')('leaves no process and no temporary file', async () => {
    expect(await readdir(join(work, 'tmp'))).toEqual([]);
    expect(await processesNaming(work)).toEqual([]);
  });
});
