import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, type StudentMetrics, type TeacherManifest } from '@retort/contracts';
import { resolveSpec } from '@retort/distill';
import { type Context, type Prisma, storeFolder } from '@retort/platform';
import { type ModelVersion, registerModelVersion } from '@retort/registry';
import { TOY_LABELS, writeToyTeacher } from './toy-teacher.js';

const LATENCY = { one: { p50Ms: 1, p99Ms: 2 }, batch32: { p50Ms: 20, p99Ms: 30 } };

const METRICS: StudentMetrics = {
  teacher: { accuracy: 1, bytes: 1000, latencyMs: 1, macroF1: 1, calibrationError: 0, latency: LATENCY },
  student: {
    accuracy: 1,
    agreement: 1,
    bytes: 100,
    latencyMs: 0.1,
    macroF1: 1,
    klToTeacher: 0,
    uncalibratedKl: 0,
    calibrationError: 0,
    uncalibratedError: 0,
    parameters: 10,
    flops: 100,
    latency: LATENCY,
  },
  speedup: 10,
  testRows: 3,
  bestEpoch: 1,
  perClass: [],
  confusions: [],
};

/** Registers a model version of `task` that knows the toy labels, as a finished distillation would have. */
export async function seedModel(
  { database, artifacts }: Pick<Context, 'database' | 'artifacts'>,
  task: string,
  options: Parameters<typeof writeToyTeacher>[1] = {},
): Promise<ModelVersion> {
  const { prisma } = database;
  const folder = await mkdtemp(join(tmpdir(), 'retort-seed-'));
  await writeToyTeacher(folder, options);
  const files = await storeFolder(artifacts, folder);
  await rm(folder, { recursive: true });
  const digest = createHash('sha256').update(JSON.stringify(files)).digest('hex');
  const spec = resolveSpec();
  const common = { taskName: task, digest };
  await prisma.task.createMany({ data: { name: task, labels: TOY_LABELS }, skipDuplicates: true });
  const none = { count: 0, samples: [] };
  const dataset = await prisma.dataset.create({
    data: {
      ...common,
      id: `ds_${newId('model')}`,
      rowsDigest: digest,
      bytes: 1,
      rows: 1,
      counts: { splits: { train: 1, valid: 0, test: 0 }, labels: {}, unlabelled: 1 },
      rejectedCount: 0,
      rejected: [],
      duplicates: { ...none, checked: 1 },
    },
  });
  const manifest: TeacherManifest = {
    kind: 'onnx-classifier',
    files,
    modelFile: 'onnx/model.onnx',
    inputs: [],
    outputs: [],
    tokenizer: { type: 'WordLevel', vocabulary: 39, maxLength: 48 },
    labels: TOY_LABELS,
  };
  const teacher = await prisma.teacher.create({
    data: {
      ...common,
      id: newId('teacher'),
      name: 'toy',
      kind: 'onnx-classifier',
      status: 'ready',
      labels: TOY_LABELS,
      manifest: { source: manifest, classifier: manifest } as unknown as Prisma.InputJsonValue,
    },
  });
  const { id: distillationId } = await prisma.distillation.create({
    data: {
      id: newId('distillation'),
      taskName: task,
      datasetId: dataset.id,
      teacherId: teacher.id,
      spec: spec as Prisma.InputJsonValue,
      status: 'succeeded',
    },
  });
  return prisma.$transaction((tx) =>
    registerModelVersion(tx, {
      distillationId,
      taskName: task,
      files,
      digest,
      lineage: {
        dataset: { id: dataset.id, digest, rows: 1 },
        teacher: { id: teacher.id, name: 'toy', digest },
        spec,
        seed: spec.training.seed,
        codeVersion: '0.1.0',
        distillationId,
      },
      metrics: METRICS,
    }),
  );
}
