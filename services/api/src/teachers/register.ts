import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import {
  newId,
  RetortError,
  resolveFineTuneSpec,
  type StoredTeacherManifest,
  type TeacherKind,
  type TeacherManifest,
} from '@retort/contracts';
import { type DatasetCounts, Label, LIMITS, type TeacherFields } from '@retort/contracts/http';
import { compileCheck, refuseUnstorable } from '@retort/http';
import { appendEvent, type Prisma } from '@retort/platform';
import { answerDigest, inspectModelFolder } from '@retort/teachers';
import { Type } from 'typebox';
import type { ApiContext } from '../context.js';

type Teacher = Prisma.TeacherGetPayload<object>;

const checkLabels = compileCheck(Type.Array(Label, { maxItems: LIMITS.labels }));

/** Seed of a training that was given none. */
const DEFAULT_SEED = 1;

/** What of a request can be checked without looking at the files. */
export interface TeacherPlan {
  name: string;
  kind: TeacherKind;
  taskName: string | null;
  pooling: TeacherFields['pooling'];
  head: StoredTeacherManifest['head'];
  train: StoredTeacherManifest['train'];
  taskLabels: string[];
}

/**
 * Checks task, dataset and kind before any large file is looked at.
 *
 * @throws RetortError `RT_NOT_FOUND`, `RT_INVALID_FIELD`
 */
export async function planTeacher({ database }: ApiContext, fields: TeacherFields): Promise<TeacherPlan> {
  const { prisma } = database;
  const { name, head, train, pooling } = fields;
  if (head !== undefined && train !== undefined)
    throw wrong('/train', 'train makes a head as well; give either head or train.');
  const learned = head ?? train;
  const kind = fields.kind ?? (learned === undefined ? 'onnx-classifier' : 'onnx-encoder');
  if (kind === 'onnx-encoder' && learned === undefined) {
    throw wrong(
      '/head',
      'An encoder has no labels of its own: name the dataset that its head is trained on in head.dataset, or in train.dataset to train all of it.',
    );
  }
  const field = train === undefined ? 'head' : 'train';
  if (kind === 'onnx-classifier' && learned !== undefined)
    throw wrong(`/${field}`, `A classifier has labels of its own; leave out ${field}.`);
  if (kind === 'onnx-classifier' && pooling !== undefined)
    throw wrong('/pooling', 'pooling is for encoders; leave it out.');
  let taskName = fields.task ?? null;
  if (learned !== undefined) {
    const patience = train?.patience ?? 0;
    taskName = await learnedTask(prisma, field, { id: learned.dataset, taskName, patience });
  }
  const task = taskName === null ? null : await prisma.task.findUnique({ where: { name: taskName } });
  if (taskName !== null && task === null) throw new RetortError('RT_NOT_FOUND', `There is no task "${taskName}".`);
  return {
    name,
    kind,
    taskName,
    pooling,
    head: head && { dataset: head.dataset, seed: head.seed ?? DEFAULT_SEED },
    train: train && trainingOf(train),
    taskLabels: task?.labels ?? [],
  };
}

function trainingOf({ dataset, seed = DEFAULT_SEED, ...options }: NonNullable<TeacherFields['train']>) {
  return { dataset, seed, spec: resolveFineTuneSpec(options) };
}

/**
 * The task of the dataset that an encoder learns from, which must hold at least two labels to learn, and with `patience` labelled
 * rows to validate on.
 */
async function learnedTask(
  prisma: ApiContext['database']['prisma'],
  field: 'head' | 'train',
  { id, taskName, patience }: { id: string; taskName: string | null; patience: number },
): Promise<string> {
  const dataset = await prisma.dataset.findUnique({ where: { id }, select: { taskName: true, counts: true } });
  if (dataset === null) throw new RetortError('RT_NOT_FOUND', `There is no dataset "${id}".`);
  if (taskName !== null && dataset.taskName !== taskName) {
    throw wrong(`/${field}/dataset`, `The dataset "${id}" is of the task "${dataset.taskName}", not "${taskName}".`);
  }
  const { labels } = dataset.counts as unknown as DatasetCounts;
  const learnable = Object.values(labels).filter(({ train }) => train > 0).length;
  if (learnable < 2) {
    throw new RetortError(
      'RT_INVALID_DATASET',
      `The dataset "${id}" has training rows of ${learnable} label(s); a classifier needs at least 2.`,
    );
  }
  if (patience > 0 && Object.values(labels).every(({ valid }) => valid === 0)) {
    throw wrong(
      `/${field}/patience`,
      `patience stops by the accuracy on validation rows, but the dataset "${id}" has no labelled row in its split valid: add some or leave patience at 0.`,
    );
  }
  return dataset.taskName;
}

/**
 * Registers the model in `folder`: inspects it in another process, stores its files and writes the row. An encoder is
 * then trained by a worker, or its head is, while the teacher is `training`.
 *
 * @throws RetortError `RT_INVALID_TEACHER` naming the file or field; `RT_UNSUPPORTED_OP` naming the node that cannot be trained
 */
export async function registerTeacher(context: ApiContext, plan: TeacherPlan, folder: string): Promise<Teacher> {
  const { kind, pooling, head, train } = plan;
  const manifest = await inspectModelFolder(folder, {
    ...(pooling === undefined ? {} : { pooling }),
    ...(train === undefined ? {} : { fineTune: train.spec }),
  });
  refuseUnstorable(manifest);
  checkManifest(plan, manifest);
  await storeFiles(context, folder, manifest);
  const stored: StoredTeacherManifest = {
    source: manifest,
    ...(head === undefined ? {} : { head }),
    ...(train === undefined ? {} : { train }),
    ...(pooling === undefined ? {} : { pooling }),
    classifier: kind === 'onnx-classifier' ? manifest : null,
  };
  return save(context, plan, stored);
}

function checkManifest({ kind, taskLabels }: TeacherPlan, manifest: TeacherManifest): void {
  if (manifest.kind !== kind) {
    const advice =
      kind === 'onnx-classifier'
        ? 'give `head` or `train` to train it as an encoder'
        : 'leave out `head` and `train` to use it as a classifier';
    throw new RetortError('RT_INVALID_TEACHER', `The folder holds an ${manifest.kind}, not an ${kind}: ${advice}.`);
  }
  if (kind === 'onnx-encoder') return;
  const { labels = [] } = manifest;
  const [problem] = checkLabels(labels);
  if (problem !== undefined)
    throw new RetortError('RT_INVALID_TEACHER', `id2label of config.json${problem.path} ${problem.message}.`);
  if (labels.length < 2)
    throw new RetortError('RT_INVALID_TEACHER', `The classifier has ${labels.length} label(s), fewer than 2.`);
  const strange = labels.filter((label) => taskLabels.length > 0 && !taskLabels.includes(label));
  if (strange.length > 0) {
    const named = strange.slice(0, 5).map((label) => JSON.stringify(label));
    throw new RetortError(
      'RT_INVALID_TEACHER',
      `The classifier has ${strange.length} label(s) that the task has not: ${named.join(', ')}.`,
    );
  }
}

/** The manifest's digests were taken from these files in another process: what is stored must be the same bytes. */
async function storeFiles({ artifacts }: ApiContext, folder: string, { files }: TeacherManifest): Promise<void> {
  for (const { path, digest } of files) {
    const stored = await artifacts.put(createReadStream(join(folder, path)));
    if (stored.digest !== digest) throw new RetortError('RT_INVALID_TEACHER', `${path} changed while it was read.`);
  }
}

async function save(
  { database, queues, logger }: ApiContext,
  plan: TeacherPlan,
  manifest: StoredTeacherManifest,
): Promise<Teacher> {
  const { classifier, head, train } = manifest;
  const ready = classifier !== null;
  const teacher = await database.prisma.$transaction(async (tx) => {
    const row = await tx.teacher.create({
      data: {
        id: newId('teacher'),
        name: plan.name,
        kind: plan.kind,
        status: ready ? 'ready' : 'training',
        taskName: plan.taskName,
        datasetId: (head ?? train)?.dataset ?? null,
        digest: ready ? answerDigest(classifier.files) : null,
        labels: classifier?.labels ?? [],
        manifest: manifest as unknown as Prisma.InputJsonValue,
      },
    });
    await appendEvent(tx, row.id, 'status', { status: row.status });
    return row;
  });
  if (!ready) {
    // The row is what counts: the sweeper queues what the queue did not take.
    await queues
      .addTeacherJob(teacher.id)
      .catch((error) => logger.warn({ err: error, teacher: teacher.id }, 'not queued yet'));
  }
  return teacher;
}

function wrong(path: string, detail: string): RetortError {
  return new RetortError('RT_INVALID_FIELD', detail, { problems: [{ path, message: detail }] });
}
