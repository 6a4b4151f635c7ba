import { type OnProgress, progressOf } from '@retort/contracts';
import type { TrainingTargets } from '@retort/learn';
import { type FeatureTeacher, featureShape, featureSize, padFeature } from '@retort/teachers';
import { inputName } from './feature-terms.js';

/** Most bytes of the teacher's features that are kept in memory; above it they are computed again for each batch. */
const MOST_KEPT_BYTES = 2 * 2 ** 30;
const FLOAT_BYTES = 4;

/** Features by feature and then by row, without padding. */
type Features = Float32Array[][];

export interface TargetOptions {
  /** What the teacher reads for each training row, ids of its own tokenizer. */
  encoded: readonly Int32Array[];
  /** Default 2 GiB. */
  mostKeptBytes?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/**
 * What is inside the teacher for every training row. It is asked once and its answers are kept, as long as they fit; else it is asked
 * anew for each batch of each epoch. Which of the two is told as progress.
 *
 * @param digest of teacher and requests, under which a checkpoint may be resumed
 * @throws RetortError `RT_CANCELLED` after `signal`, and what the teacher throws
 */
export async function featureTargets(
  teacher: FeatureTeacher,
  digest: string,
  { encoded, mostKeptBytes = MOST_KEPT_BYTES, signal, onProgress }: TargetOptions,
): Promise<TrainingTargets> {
  const bytes = FLOAT_BYTES * encoded.reduce((sum, { length }) => sum + sizeOfRow(teacher, length), 0);
  const report = progressOf('training', encoded.length, onProgress);
  const pad = (found: Features, rows: Int32Array, length?: number) => padded(teacher, encoded, { found, rows, length });
  if (bytes > mostKeptBytes) {
    report(
      0,
      `the teacher's features would take ${mebibytes(bytes)}, more than the ${mebibytes(mostKeptBytes)} that are kept: they are computed for each batch`,
    );
    return {
      digest,
      of: async (rows, length) => {
        const batch = Array.from(rows, (row) => encoded[row]);
        return pad(await teacher.run(batch, { signal }), rows, length);
      },
    };
  }
  const note = `computing the teacher's features, ${mebibytes(bytes)} kept in memory`;
  report(0, note);
  const kept = await teacher.run(encoded, { signal, onTexts: (done) => report(done, note) });
  return {
    digest,
    of: async (rows, length) => {
      const found = kept.map((ofRows) => Array.from(rows, (row) => ofRows[row]));
      return pad(found, rows, length);
    },
  };
}

function sizeOfRow({ features }: FeatureTeacher, tokens: number): number {
  return features.reduce((sum, feature) => sum + featureSize(feature, tokens), 0);
}

/** The batch as the training graph takes it, padded with zeros to `length` tokens. */
function padded(
  { features }: FeatureTeacher,
  encoded: readonly Int32Array[],
  { found, rows, length }: { found: Features; rows: Int32Array; length?: number },
) {
  const tokens = length ?? rows.reduce((most, row) => Math.max(most, encoded[row].length), 1);
  return Object.fromEntries(
    features.map((feature, i) => {
      const size = featureSize(feature, tokens);
      const data = new Float32Array(rows.length * size);
      for (const [at, row] of rows.entries()) {
        const into = data.subarray(at * size, (at + 1) * size);
        padFeature(feature, into, found[i][at], { tokens, real: encoded[row].length });
      }
      return [inputName(i), { type: 'float32' as const, dims: featureShape(feature, rows.length, tokens), data }];
    }),
  );
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(bytes < 10 * 2 ** 20 ? 1 : 0)} MiB`;
