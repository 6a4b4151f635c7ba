import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toyRows, writeToyTeacher } from './support/toy-teacher.ts';

const BIN = fileURLToPath(new URL('../packages/cli/bin/retort.js', import.meta.url));

describe('the retort command', () => {
  let work: string;
  let data: string;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'retort-cli-'));
    data = join(work, 'data.jsonl');
    await writeToyTeacher(join(work, 'teacher'));
    const lines = toyRows(240).map((row) => JSON.stringify(row));
    await writeFile(data, [...lines, '{"text": ""}', 'not json'].join('\n'));
    await writeFile(
      join(work, 'spec.json'),
      JSON.stringify({ student: { buckets: 512, minGram: 1, maxGram: 2 }, training: { epochs: 3 } }),
    );
  });
  afterAll(() => rm(work, { recursive: true, force: true }));

  function start(...args: string[]): { child: ChildProcess; output: () => string } {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd: work,
      env: { PATH: process.env.PATH, HOME: work },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
    return { child, output: () => output };
  }

  async function run(...args: string[]): Promise<{ status: number; output: string }> {
    const { child, output } = start(...args);
    const [status] = await once(child, 'close');
    return { status, output: output() };
  }

  it('helps a stranger', async () => {
    const { status, output } = await run('--help');
    expect(status).toBe(0);
    for (const word of ['up', 'distill', 'distill-tasks', 'predict', 'keys', 'migrate', 'Examples'])
      expect(output).toContain(word);
    expect((await run('distill', '--help')).output).toContain('--teacher');
  });

  it('distils several tasks into one student, asks each of them, and tells a failed gate', async () => {
    const multiTask = { tasks: { first: { minAccuracy: 0.5 }, second: { minAgreement: 1 } } };
    const spec = { student: { buckets: 512, minGram: 1, maxGram: 2 }, training: { epochs: 1 }, multiTask };
    await writeFile(join(work, 'tasks.json'), JSON.stringify(spec));
    const tasks = ['first', 'second'].flatMap((name) => ['--task', `${name}=${data}:teacher`]);
    const made = await run('distill-tasks', ...tasks, '--out', 'several', '--spec', 'tasks.json', '--report', 's.json');
    const report = JSON.parse(await readFile(join(work, 's.json'), 'utf8'));
    expect(report.tasks.map(({ name }: { name: string }) => name)).toEqual(['first', 'second']);
    for (const { gate, metrics } of report.tasks) {
      expect(gate.passed).toBe(gate.failures.length === 0);
      expect(metrics.student.accuracy).toBeGreaterThan(0.4);
    }
    expect(made.status, made.output).toBe(report.passed ? 0 : 1);
    if (!report.passed) expect(made.output).toContain('gate FAILED: ');
    const asked = await run('predict', 'several', 'abc abc', '--task', 'second', '--json', '--top', '3');
    const { scores } = JSON.parse(asked.output) as { scores: { label: string; score: number }[] };
    expect(scores.map(({ label }) => label).toSorted()).toEqual(['high', 'low', 'mid']);
    expect(scores.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 5);
    const strange = await run('predict', 'several', 'abc', '--task', 'third');
    expect(strange.output).toContain('its tasks are first, second');
    expect((await run('distill-tasks', '--task', 'nothing', '--out', 'x')).output).toContain('name=data:teacher');
  });

  it('leaves the folder student alone where that is none', async () => {
    const notes = join(work, 'student', 'notes.txt');
    await mkdir(dirname(notes));
    await writeFile(notes, 'mine');
    const { status, output } = await run('distill', data, '--teacher', 'teacher', '--spec', 'spec.json');
    expect(status).toBe(1);
    expect(output).toMatch(/student is not empty.*RT_CONFLICT/s);
    expect(await readFile(notes, 'utf8')).toBe('mine');
    await rm(dirname(notes), { recursive: true });
  });

  it('distils in one process, into the folder student, and asks it', async () => {
    const made = await run('distill', data, '--teacher', 'teacher', '--spec', 'spec.json', '--report', 'r.json');
    expect(made.status, made.output).toBe(0);
    expect(made.output).toContain('2 rows left out');
    const report = JSON.parse(await readFile(join(work, 'r.json'), 'utf8'));
    expect(Object.keys(report)).toEqual(['teacher', 'student', 'speedup', 'seconds', 'teacherQueries', 'transferSet']);
    expect(Object.keys(report.teacher)).toEqual(['accuracy', 'bytes', 'latencyMs']);
    expect(Object.keys(report.student)).toEqual(['accuracy', 'agreement', 'bytes', 'latencyMs']);

    const asked = await run('predict', 'student', 'abc abc', 'zzz', '--json', '--top', '2');
    const answers = asked.output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers.map(({ text, scores }) => [text, scores.length])).toEqual([
      ['abc abc', 2],
      ['zzz', 2],
    ]);
  });

  it('fine-tunes an encoder into a teacher', async () => {
    await writeToyTeacher(join(work, 'encoder'), { kind: 'encoder' });
    await writeFile(join(work, 'tune.json'), JSON.stringify({ epochs: 10, learningRate: 0.02 }));
    const made = await run(
      ...['teacher', 'train', data, '--encoder', 'encoder', '--out', 'tuned'],
      ...['--spec', 'tune.json', '--report', 't.json', '--threads', '1'],
    );
    expect(made.status, made.output).toBe(0);
    expect(made.output).toMatch(/accuracy on the test split \d+\.\d%/);
    const report = JSON.parse(await readFile(join(work, 't.json'), 'utf8'));
    expect(report).toMatchObject({ epochs: 10, labels: 3, spec: { learningRate: 0.02, layerDecay: 0.9 } });
    expect(report.accuracy).toBeGreaterThan(0.8);
    expect((await run('predict', 'tuned', 'abc abc')).status).toBe(0);
  });

  it.each([
    [
      'a missing file',
      ['distill', 'nowhere.jsonl', '--teacher', 'teacher', '--out', 'x'],
      /no file nowhere\.jsonl.*RT_INVALID_DATASET/s,
    ],
    [
      'a missing teacher',
      ['distill', 'data.jsonl', '--teacher', 'nowhere', '--out', 'x'],
      /nowhere.*RT_INVALID_TEACHER/s,
    ],
    [
      'a full output folder',
      ['distill', 'data.jsonl', '--teacher', 'teacher', '--out', 'teacher'],
      /not empty.*RT_CONFLICT/s,
    ],
    ['a missing option', ['distill', 'data.jsonl'], /--teacher/],
    [
      'options of fine-tuning that are none',
      ['teacher', 'train', 'data.jsonl', '--encoder', 'teacher', '--out', 'x', '--spec', 'spec.json'],
      /\/student: is not an option of fine-tuning.*RT_INVALID_FIELD/s,
    ],
    ['a folder that is no model', ['predict', '.', 'text'], /RT_INVALID_(MODEL|TEACHER)/],
    ['an empty text', ['predict', 'student', ''], /RT_INVALID_TEXT/],
    ['an unknown command', ['brew'], /unknown command/],
  ])('says what is wrong with %s', async (_, args, message) => {
    const { status, output } = await run(...args);
    expect(status).toBe(1);
    expect(output).toMatch(message);
    expect(output).not.toMatch(/\n\s+at /);
  });

  it('starts everything, prints the admin key once, and stops on SIGINT', async () => {
    const outputs: string[] = [];
    for (let time = 0; time < 2; time++) {
      const { child, output } = start('up', '--port', '0', '--data', 'kept');
      const ended = once(child, 'exit');
      while (!output().includes('Ctrl-C')) {
        if (child.exitCode !== null) throw new Error(output());
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      const url = /http:\/\/[\d.:]+/.exec(output())?.[0] as string;
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      expect((await fetch(`${url}/v1/tasks`)).status).toBe(401);
      const key = /rt_\S+/.exec(outputs[0] ?? output())?.[0];
      expect((await fetch(`${url}/v1/tasks`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(200);
      child.kill('SIGINT');
      expect((await ended)[0]).toBe(0);
      outputs.push(output());
    }
    expect(outputs[0]).toMatch(/rt_\S{43}/);
    expect(outputs[1]).not.toContain('rt_');
  });
});
