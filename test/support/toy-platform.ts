import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type DistillationSpecInput,
  type FineTuneSpecInput,
  newId,
  type Progress,
  type RetortEvent,
  type Row,
  resolveFineTuneSpec,
  type StoredTeacherManifest,
} from '@retort/contracts';
import {
  estimateTeacherQueries,
  resolveMultiTaskSpec,
  resolveSpec,
  rowsDigest,
  transferSetToGenerate,
} from '@retort/distill';
import { type Context, readEvents, storeFolder, submitDistillation } from '@retort/platform';
import { answerDigest, inspectModelFolder } from '@retort/teachers';
import { TOY_LABELS, type ToyTeacherOptions, writeToyTeacher } from './toy-teacher.ts';

export const TOY_TASK = 'toy';
const TOY_DATASET = `${TOY_TASK}-data`;

/** Puts a task and its dataset `<task>-data` where the API would put them. */
export async function registerToyTask(
  { database, artifacts }: Context,
  rows: Row[],
  task: string = TOY_TASK,
): Promise<void> {
  const { prisma } = database;
  const jsonl = rows.map(({ text, label, split }) => `${JSON.stringify({ text, label, split })}\n`).join('');
  const { digest, bytes } = await artifacts.put(Buffer.from(jsonl));
  if (digest !== rowsDigest(rows)) throw new Error('The canonical form of rows has changed.');
  await prisma.task.create({ data: { name: task, labels: TOY_LABELS } });
  await prisma.dataset.create({
    data: {
      ...{ id: `${task}-data`, taskName: task, digest, rowsDigest: digest, bytes: BigInt(bytes), rows: rows.length },
      ...{ counts: {}, rejectedCount: 0, rejected: [], duplicates: {} },
    },
  });
}

export interface ToyRegistration extends ToyTeacherOptions {
  /** Replaces the graph's bytes after the manifest was made: a file that broke after registration. */
  graph?: string;
  /** Fine-tunes an encoder so, instead of training a head on it. */
  train?: FineTuneSpecInput;
}

/** Puts a toy teacher where the API would put it; an encoder waits for its head. @returns its id */
export async function registerToyTeacher(context: Context, options: ToyRegistration = {}): Promise<string> {
  const { database, artifacts, queues } = context;
  const dir = await mkdtemp(join(tmpdir(), 'retort-toy-'));
  try {
    await writeToyTeacher(dir, options);
    const manifest = await inspectModelFolder(dir);
    if (options.graph !== undefined) await writeFile(join(dir, manifest.modelFile), options.graph);
    const files = await storeFolder(artifacts, dir);
    const classifier = options.kind !== 'encoder';
    const source = { ...manifest, files };
    const stored: StoredTeacherManifest = classifier
      ? { source, classifier: source }
      : { source, ...learning(options.train), classifier: null };
    const id = newId('teacher');
    await database.prisma.teacher.create({
      data: {
        ...{ id, name: id, kind: manifest.kind, taskName: TOY_TASK, manifest: stored as object },
        ...(classifier
          ? { status: 'ready', digest: answerDigest(files), labels: TOY_LABELS }
          : { status: 'training', datasetId: TOY_DATASET }),
      },
    });
    if (!classifier) await queues.addTeacherJob(id);
    return id;
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function learning(train: FineTuneSpecInput | undefined): Pick<StoredTeacherManifest, 'head' | 'train'> {
  const on = { dataset: TOY_DATASET, seed: 1 };
  return train === undefined ? { head: on } : { train: { ...on, spec: resolveFineTuneSpec(train) } };
}

/** A small student that a toy task trains in about a second. */
const TOY_SPEC = {
  student: { width: 16, buckets: 512, minGram: 1, maxGram: 2, maxLength: 48 },
  training: { epochs: 20, batchSize: 32, learningRate: 0.02, seed: 1 },
} satisfies DistillationSpecInput;

/** Submits a distillation of the toy dataset. @returns its id */
export async function submitToy(
  context: Context,
  teacherId: string,
  epochs?: number,
  sections: Pick<DistillationSpecInput, 'transferSet' | 'sweep'> = {},
): Promise<string> {
  const { rows } = await context.database.prisma.dataset.findUniqueOrThrow({ where: { id: TOY_DATASET } });
  const training = { ...TOY_SPEC.training, ...(epochs === undefined ? {} : { epochs }) };
  const spec = resolveSpec({ ...TOY_SPEC, training, ...sections });
  // As if all rows trained: a bound that is too high, as where rows are set aside for validation.
  const all = { train: rows, valid: 0, test: 0 };
  const teacherQueries = estimateTeacherQueries({ rows: all, labels: { any: all } }, transferSetToGenerate(spec));
  const submission = {
    ...{ taskName: TOY_TASK, datasetId: TOY_DATASET, teacherId, spec, teacherQueries },
    ...{ rows: teacherQueries.upperBound, shardRows: context.config.labelShardRows },
  };
  return (await submitDistillation(context, submission)).id;
}

/** Submits a distillation of the toy task and others, which one teacher knows, into one student. @returns its id */
export async function submitToyTasks(
  context: Context,
  teacherId: string,
  others: string[],
  epochs: number,
): Promise<string> {
  const names = [TOY_TASK, ...others];
  const rowsOf = async (task: string) =>
    (await context.database.prisma.dataset.findUniqueOrThrow({ where: { id: `${task}-data` } })).rows;
  const parts = await Promise.all(
    names.map(async (task) => ({ taskName: task, datasetId: `${task}-data`, teacherId, rows: await rowsOf(task) })),
  );
  const spec = resolveMultiTaskSpec({ ...TOY_SPEC, training: { ...TOY_SPEC.training, epochs } }, names);
  const [first, ...furtherTasks] = parts;
  const { labelShardRows: shardRows } = context.config;
  return (await submitDistillation(context, { ...first!, furtherTasks, spec, shardRows })).id;
}

/** Asks `find` until it answers something. @throws after `timeoutMs`, with what `explain` says */
export async function eventually<T>(
  find: () => Promise<T | undefined>,
  timeoutMs: number,
  explain: () => Promise<unknown> = async () => undefined,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (Date.now() > deadline) {
      throw new Error(`Nothing came in ${timeoutMs} ms. ${JSON.stringify((await explain()) ?? '')}`);
    }
    await sleep(50);
  }
}

/** Waits until a distillation has ended, and gives the row. */
export function ended(context: Context, id: string, timeoutMs = 30_000) {
  const { prisma } = context.database;
  return eventually(
    async () => {
      const row = await prisma.distillation.findUniqueOrThrow({ where: { id } });
      return row.status === 'queued' || row.status === 'running' ? undefined : row;
    },
    timeoutMs,
    () => prisma.distillation.findUnique({ where: { id } }),
  );
}

/** Whether an event is progress within a stage. */
export const inStage = (stage: string) => (event: RetortEvent) =>
  event.type === 'progress' && (event.data as Progress).stage === stage && (event.data as Progress).done > 0;

/** Waits until an event of a subject is such as `matches` asks. */
export function occurrence(
  context: Pick<Context, 'database'>,
  subject: string,
  matches: (event: RetortEvent) => boolean,
  timeoutMs = 30_000,
): Promise<RetortEvent> {
  const log = () => readEvents(context.database.prisma, subject, '0', 1000);
  return eventually(async () => (await log()).find(matches), timeoutMs, log);
}
