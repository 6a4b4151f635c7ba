import { Random } from '@retort/learn';

/**
 * The training rows of each task that an epoch is made of. Task k has round(n·(n_k/n)^α) of them, n the rows of the largest task: none
 * has fewer than it has rows, so that every row is learned from in every epoch, and those of small tasks are repeated, all of them equally
 * often but for a remainder that is drawn at random.
 *
 * @param rows rows of each task @param options.alpha 0 (as many of each task) to 1 (every row once)
 */
export function sampleRows(
  rows: readonly Int32Array[],
  { alpha, seed }: { alpha: number; seed: number },
): Int32Array[] {
  const random = new Random(seed);
  const counts = sampleCounts(
    rows.map(({ length }) => length),
    alpha,
  );
  return rows.map((own, k) => {
    if (own.length === 0) return own;
    const sample = new Int32Array(counts[k]);
    const whole = sample.length - (sample.length % own.length);
    for (let at = 0; at < whole; at += own.length) sample.set(own, at);
    sample.set(random.shuffle(own.slice()).subarray(0, sample.length - whole), whole);
    return sample;
  });
}

/** How many rows of each task an epoch has: see {@link sampleRows}. @param rows of each task */
export function sampleCounts(rows: readonly number[], alpha: number): number[] {
  const most = rows.reduce((largest, own) => Math.max(largest, own), 0);
  return rows.map((own) => (own === 0 ? 0 : Math.max(Math.round(most * (own / most) ** alpha), own)));
}
