import { RetortError, type Row } from '@retort/contracts';
import { inputHash, type TrainStudentOptions } from '@retort/distill';
import type { ClaimOutcome } from '@retort/platform';
import { classifierOf, type TrainerDeps } from './deps.js';

type Distillation = Extract<ClaimOutcome, { kind: 'claimed' }>['distillation'];

/** Rows, soft labels and teacher of a distillation whose labelling is over, for a training thread. */
export async function trainingData(
  deps: TrainerDeps,
  { id, dataset, teacher }: Distillation,
  signal: AbortSignal,
): Promise<Pick<TrainStudentOptions, 'rows' | 'labels' | 'teacherLogits' | 'teacherDir' | 'lineage'>> {
  const rows = await deps.rows.read(dataset.rowsDigest, 0, dataset.rows, signal);
  const digest = teacher.digest as string;
  return {
    rows,
    labels: teacher.labels,
    teacherLogits: await readSoftLabels(deps, digest, teacher.labels.length, rows),
    teacherDir: await deps.models.get(classifierOf(teacher).files),
    lineage: {
      dataset: { id: dataset.id, digest: dataset.rowsDigest, rows: dataset.rows },
      teacher: { id: teacher.id, name: teacher.name, digest },
      distillationId: id,
    },
  };
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
