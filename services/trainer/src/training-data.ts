import { RetortError, type Row } from '@retort/contracts';
import { type AskedTeacher, inputHash, resolveSpec, type TrainFromTeachersOptions } from '@retort/distill';
import { type ClaimOutcome, type Teacher, teachersOf } from '@retort/platform';
import { classifierOf, type TrainerDeps } from './deps.js';
import { readTransferRows } from './transfer-set.js';

type Distillation = Extract<ClaimOutcome, { kind: 'claimed' }>['distillation'];

type TrainingData = Pick<TrainFromTeachersOptions, 'rows' | 'generated' | 'rounds' | 'teachers' | 'lineage'>;

/** Rows, generated ones included, and the answers of all teachers, of a distillation whose labelling is over, for a training thread. */
export async function trainingData(
  deps: TrainerDeps,
  distillation: Distillation,
  signal: AbortSignal,
): Promise<TrainingData> {
  const { id, dataset } = distillation;
  // Stored by whatever version took the request: what it did not know yet gets its default.
  const spec = resolveSpec(distillation.spec);
  const given = await deps.rows.read(dataset.rowsDigest, 0, dataset.rows, signal);
  const made = await readTransferRows(deps, id, spec, signal);
  const rows = [...given, ...made.rows];
  return {
    ...{ rows, generated: made.rows.length, rounds: made.rounds },
    teachers: await readTeachers(deps, teachersOf(distillation), rows),
    lineage: {
      dataset: { id: dataset.id, digest: dataset.rowsDigest, rows: dataset.rows },
      distillationId: id,
    },
  };
}

/** What a thread can be given without a copy. */
export function buffersOf({ teachers }: TrainingData): ArrayBuffer[] {
  return teachers.map(({ logits }) => logits.buffer as ArrayBuffer);
}

/** What every teacher answered, in their order, and the folders that they answer from. */
export async function readTeachers(
  deps: TrainerDeps,
  teachers: readonly Teacher[],
  rows: Row[],
): Promise<AskedTeacher[]> {
  const asked: AskedTeacher[] = [];
  for (const teacher of teachers) {
    const { id, name, labels } = teacher;
    const digest = teacher.digest as string;
    const logits = await readSoftLabels(deps, digest, labels.length, rows);
    asked.push({ id, name, labels, digest, logits, dir: await deps.models.get(classifierOf(teacher).files) });
  }
  return asked;
}

/** `[rows, classes]`, row-major: what the teacher answered for every row, from the soft-label cache. */
async function readSoftLabels(deps: TrainerDeps, digest: string, classes: number, rows: Row[]): Promise<Float32Array> {
  const hashes = rows.map(({ text }) => inputHash(text));
  const found = await deps.context.softLabels.get(digest, hashes);
  const logits = new Float32Array(rows.length * classes);
  let missing = 0;
  for (const [i, row] of found.entries()) {
    if (row?.length === classes) logits.set(row, i * classes);
    else missing++;
  }
  if (missing > 0) {
    throw new RetortError(
      'RT_INTERNAL',
      `${missing} of ${rows.length} texts have no soft labels though labelling has ended.`,
    );
  }
  return logits;
}
