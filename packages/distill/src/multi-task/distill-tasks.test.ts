import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { toyRows, writeToyTeacher } from '../../../../test/support/toy-teacher.ts';
import { distillTasks } from './distill-tasks.js';
import { resolveMultiTaskSpec } from './resolve-multi-task-spec.js';

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'retort-tasks-'));
  await writeToyTeacher(join(work, 'teacher'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

it('refuses a student that asks for tokens which the first teacher has not, before a teacher is asked', async () => {
  const tasks = ['one', 'other'].map((name) => ({ name, rows: toyRows(30), teacherDir: join(work, 'teacher') }));
  const spec = resolveMultiTaskSpec({ student: { tokens: 'teacher' } }, ['one', 'other']);
  const outDir = join(work, 'student');
  const notes: unknown[] = [];
  const refused = distillTasks({ tasks, spec, outDir, onProgress: (progress) => notes.push(progress) });
  await expect(refused).rejects.toMatchObject({
    code: 'RT_INVALID_SPEC',
    problems: [{ path: '/student/tokens', message: expect.stringContaining('WordLevel') }],
  });
  expect(notes).toEqual([]);
  expect(existsSync(outDir)).toBe(false);
});
