/** Rows of one batch; more gain nothing on a CPU. */
const MAX_ROWS = 64;
/**
 * Padded tokens of one batch. A transformer's activations for 512 tokens still fit a core's cache: MiniLM takes 3.6 ms a text
 * so, 4.0 at 1024, 4.6 at 2048 and 5.1 one by one. It also bounds the memory of a run.
 */
const MAX_TOKENS = 512;

export interface BatchLimits {
  /** Default 64. */
  maxRows?: number;
  /** Rows times tokens of the longest; a single longer row is a batch of its own. Default 512. */
  maxTokens?: number;
  /** Whether only texts of the same length may share a batch. Default false. */
  equalLengths?: boolean;
}

/**
 * Groups encoded texts into batches of similar length, so that little is padding: sorted by length, longest first (a run
 * that cannot be had for want of memory fails at once). Gives the row indexes of each batch; of equal lengths, in order.
 */
export function planBatches(
  encoded: readonly { length: number }[],
  { maxRows = MAX_ROWS, maxTokens = MAX_TOKENS, equalLengths = false }: BatchLimits = {},
): number[][] {
  const order = Array.from(encoded.keys());
  // Texts that fit one batch anyway keep their order: nothing is gained by moving them.
  const longest = encoded.reduce((most, { length }) => Math.max(most, length), 0);
  const shortest = encoded.reduce((least, { length }) => Math.min(least, length), longest);
  if (encoded.length <= maxRows && longest * encoded.length <= maxTokens && (!equalLengths || shortest === longest)) {
    return encoded.length === 0 ? [] : [order];
  }
  order.sort((a, b) => encoded[b].length - encoded[a].length || a - b);
  const batches: number[][] = [];
  let batch: number[] = [];
  for (const row of order) {
    const tokens = batch.length === 0 ? 0 : encoded[batch[0]].length;
    const full = batch.length >= maxRows || tokens * (batch.length + 1) > maxTokens;
    if (batch.length > 0 && (full || (equalLengths && encoded[row].length !== tokens))) {
      batches.push(batch);
      batch = [];
    }
    batch.push(row);
  }
  batches.push(batch);
  return batches;
}
