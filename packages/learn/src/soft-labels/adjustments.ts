import { RetortError } from '@retort/contracts/values';
import { checkLabels } from '../measure/metrics.js';
import { argmax, logSoftmaxRow, rowsOf } from '../measure/softmax.js';

/**
 * Adjustments of soft labels. Each takes logits and gives logits, so that every temperature still applies: a probability p stands as ln p.
 * Logits are row-major `[rows, classes]` and stay as they are; the result is another array.
 */

/** ln of the smallest normal float32, in the place of ln 0, which would make 0 · ∞ of a term of the loss. */
const LEAST_LOG_PROBABILITY = Math.log(2 ** -126);

/**
 * The probabilities to the power of `power`, normalised again: p_c^s / Σ p^s, which is softmax(s · logits).
 *
 * @param power s above 0: above 1 sharper, below 1 softer
 */
export function sharpen(logits: Float32Array, power: number): Float32Array {
  if (!(power > 0 && Number.isFinite(power))) throw invalid(`The power to sharpen by must be above 0, not ${power}.`);
  return logits.map((logit) => power * logit);
}

/**
 * Mixes the label into the probabilities of each row whose highest is not that of its label: (1 - share)·p + share·onehot(label). Rows that
 * are right, and rows without a label, stay to the bit.
 *
 * @param labels class of each row, -1 where it has none @param share 0 to 1
 */
export function correct(logits: Float32Array, labels: Int32Array, classes: number, share: number): Float32Array {
  checkLabels(logits, labels, classes);
  if (!(share >= 0 && share <= 1)) throw invalid(`The share of the label must be from 0 to 1, not ${share}.`);
  const corrected = logits.slice();
  const row = new Float64Array(classes);
  for (const [i, label] of labels.entries()) {
    if (share === 0 || label < 0 || argmax(logits, i * classes, classes) === label) continue;
    logSoftmaxRow(logits, i, 1, row);
    const labelled = Math.log((1 - share) * Math.exp(row[label]) + share);
    // In logarithms, in which no small probability is lost.
    for (let c = 0; c < classes; c++) row[c] = Math.max(LEAST_LOG_PROBABILITY, row[c] + Math.log(1 - share));
    row[label] = labelled;
    corrected.set(row, i * classes);
  }
  return corrected;
}

/**
 * Keeps the `kept` highest probabilities of each row; the mass of the others is spread evenly over them, so that each of them has the mean of
 * what they had. Of equal probabilities the first is the higher.
 *
 * @param kept k, at least 1 and below `classes`
 */
export function truncate(logits: Float32Array, classes: number, kept: number): Float32Array {
  const rows = rowsOf(logits, classes);
  if (!(Number.isInteger(kept) && kept >= 1 && kept < classes)) {
    throw invalid(`The classes to keep must be from 1 to ${classes - 1}, not ${kept}.`);
  }
  const truncated = new Float32Array(logits.length);
  const row = new Float64Array(classes);
  for (let i = 0; i < rows; i++) {
    logSoftmaxRow(logits, i, 1, row);
    const least = row.slice().sort()[classes - kept];
    let equals = kept - row.reduce((above, log) => above + (log > least ? 1 : 0), 0);
    const isKept = Array.from(row, (log) => log > least || (log === least && equals-- > 0));
    const lost = row.reduce((sum, log, c) => (isKept[c] ? sum : sum + Math.exp(log)), 0);
    const each = Math.max(LEAST_LOG_PROBABILITY, Math.log(lost / (classes - kept)));
    truncated.set(
      row.map((log, c) => (isKept[c] ? log : each)),
      i * classes,
    );
  }
  return truncated;
}

function invalid(detail: string): RetortError {
  return new RetortError('RT_INVALID_FIELD', detail);
}
