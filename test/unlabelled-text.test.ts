import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row, StudentMetrics } from '@retort/contracts';
import { distill, resolveSpec } from '@retort/distill';
import { createLabeler } from '@retort/labeler';
import { createTrainer } from '@retort/trainer';
import { expect, it } from 'vitest';
import { testContext } from './support/servers.ts';
import { ended, registerToyTask, registerToyTeacher, submitToy } from './support/toy-platform.ts';
import { toyRows, writeToyTeacher } from './support/toy-teacher.ts';

it('gives the services the student that the library makes of the data without the texts that are left out', async () => {
  const rows = toyRows(240);
  // First, so that every other row has another index than in the data without them.
  const repeated: Row[] = rows
    .filter(({ split }) => split !== 'train')
    .map(({ text }) => ({ text: `${text}!`, split: 'train' }));
  const context = await testContext('postgres', { LABEL_SHARD_ROWS: '100', LOG_LEVEL: 'error' });
  const folder = await mkdtemp(join(tmpdir(), 'retort-unlabelled-'));
  const services = [await createLabeler(context), await createTrainer(context)];
  try {
    await registerToyTask(context, [...repeated, ...rows]);
    const transferSet = { multiply: 1 };
    const id = await submitToy(context, await registerToyTeacher(context), 5, { transferSet });
    const { status, error, spec, metrics } = await ended(context, id);
    expect({ status, error }).toEqual({ status: 'succeeded', error: null });
    const { repeated: leftOut } = (metrics as unknown as StudentMetrics).transferSet!;
    expect(leftOut).toBe(repeated.length);

    await writeToyTeacher(join(folder, 'teacher'));
    const library = { teacherDir: join(folder, 'teacher'), outDir: join(folder, 'student'), spec: resolveSpec(spec) };
    const { digest } = await distill({ ...library, rows });
    const [model] = await context.database.prisma.modelVersion.findMany({ where: { distillationId: id } });
    expect(model!.digest).toBe(digest);
  } finally {
    await Promise.all(services.map((service) => service.close()));
    await context.close();
    await rm(folder, { recursive: true, force: true });
  }
});
