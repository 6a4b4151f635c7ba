import { RetortError } from '@retort/contracts/values';
import { argmax, logSoftmaxRow, rowsOf } from './softmax.js';

export interface ClassMetrics {
  /** Class index. */
  class: number;
  /** Labelled rows of the class. */
  support: number;
  precision: number;
  recall: number;
  f1: number;
}

export interface Confusion {
  actual: number;
  predicted: number;
  count: number;
}

export interface Evaluation {
  /** Labelled rows that were measured. */
  rows: number;
  /** Share of rows whose highest logit is their label. */
  accuracy: number;
  /** Unweighted mean F1 over the classes that occur as label or prediction. */
  macroF1: number;
  /** Mean negative log-likelihood of the labels, in nats. */
  nll: number;
  /**
   * Expected calibration error: Σ over bins of (rows in bin / rows) · |accuracy - mean confidence|, over 15 bins of equal
   * width (Guo et al. 2017).
   */
  ece: number;
  /** One entry per class, in order. */
  perClass: ClassMetrics[];
  /** The wrong pairs, most frequent first. */
  confusions: Confusion[];
}

const CALIBRATION_BINS = 15;

/**
 * Measures logits against labels.
 *
 * @param logits row-major `[rows, classes]`.
 * @param labels class of each row; rows with -1 are left out.
 * @throws RetortError `RT_INVALID_FIELD` where sizes or labels do not fit, or no row has a label.
 */
export function evaluate(logits: Float32Array, labels: Int32Array, classes: number): Evaluation {
  checkLabels(logits, labels, classes);
  const confusion = new Int32Array(classes * classes);
  const bins = Array.from({ length: CALIBRATION_BINS }, () => ({ rows: 0, right: 0, confidence: 0 }));
  const logProbabilities = new Float64Array(classes);
  let rows = 0;
  let nll = 0;
  for (let row = 0; row < labels.length; row++) {
    const label = labels[row];
    if (label < 0) continue;
    rows++;
    logSoftmaxRow(logits, row, 1, logProbabilities);
    const predicted = argmax(logProbabilities, 0, classes);
    const confidence = Math.exp(logProbabilities[predicted]);
    nll -= logProbabilities[label];
    confusion[label * classes + predicted] = confusion[label * classes + predicted] + 1;
    const bin = bins[Math.min(CALIBRATION_BINS - 1, Math.floor(confidence * CALIBRATION_BINS))];
    bin.rows++;
    bin.confidence += confidence;
    if (predicted === label) bin.right++;
  }
  if (rows === 0) throw new RetortError('RT_INVALID_FIELD', 'No row has a label: there is nothing to evaluate.');
  const perClass = classMetrics(confusion, classes);
  const seen = perClass.filter(({ support, precision }) => support > 0 || precision >= 0);
  return {
    rows,
    accuracy: bins.reduce((sum, bin) => sum + bin.right, 0) / rows,
    macroF1: seen.reduce((sum, { f1 }) => sum + f1, 0) / seen.length,
    nll: nll / rows,
    ece: bins.reduce((sum, bin) => sum + Math.abs(bin.right - bin.confidence), 0) / rows,
    perClass: perClass.map((metrics) => ({ ...metrics, precision: Math.max(0, metrics.precision) })),
    confusions: confusionPairs(confusion, classes),
  };
}

/** Precision is -1 for a class that was never predicted, so that the caller can tell it from one always wrong. */
function classMetrics(confusion: Int32Array, classes: number): ClassMetrics[] {
  return Array.from({ length: classes }, (_, c) => {
    let support = 0;
    let predicted = 0;
    for (let other = 0; other < classes; other++) {
      support += confusion[c * classes + other];
      predicted += confusion[other * classes + c];
    }
    const right = confusion[c * classes + c];
    const f1 = support + predicted > 0 ? (2 * right) / (support + predicted) : 0;
    return {
      class: c,
      support,
      precision: predicted > 0 ? right / predicted : -1,
      recall: support > 0 ? right / support : 0,
      f1,
    };
  });
}

function confusionPairs(confusion: Int32Array, classes: number): Confusion[] {
  const pairs: Confusion[] = [];
  for (let actual = 0; actual < classes; actual++) {
    for (let predicted = 0; predicted < classes; predicted++) {
      const count = confusion[actual * classes + predicted];
      if (count > 0 && actual !== predicted) pairs.push({ actual, predicted, count });
    }
  }
  return pairs.sort((a, b) => b.count - a.count || a.actual - b.actual || a.predicted - b.predicted);
}

/**
 * Share of rows on which two models answer the same class.
 *
 * @param a @param b row-major `[rows, classes]` of the same rows.
 */
export function agreement(a: Float32Array, b: Float32Array, classes: number): number {
  const rows = sameRows(a, b, classes);
  let same = 0;
  for (let row = 0; row < rows; row++) {
    if (argmax(a, row * classes, classes) === argmax(b, row * classes, classes)) same++;
  }
  return same / rows;
}

/**
 * Mean over rows of KL(teacher ‖ student) = Σ_c p_c · (log p_c - log q_c), in nats, with both logits divided by
 * `temperature` (default 1).
 */
export function klToTeacher(student: Float32Array, teacher: Float32Array, classes: number, temperature = 1): number {
  const rows = sameRows(student, teacher, classes);
  const p = new Float64Array(classes);
  const q = new Float64Array(classes);
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    logSoftmaxRow(teacher, row, 1 / temperature, p);
    logSoftmaxRow(student, row, 1 / temperature, q);
    for (let c = 0; c < classes; c++) sum += Math.exp(p[c]) * (p[c] - q[c]);
  }
  return sum / rows;
}

function sameRows(a: Float32Array, b: Float32Array, classes: number): number {
  const rows = rowsOf(a, classes);
  if (a.length !== b.length || rows === 0) {
    throw new RetortError(
      'RT_INVALID_FIELD',
      `Two sets of logits must be of the same rows (${a.length} and ${b.length} values).`,
    );
  }
  return rows;
}

/** Checks that there is one label per row, each -1 or a class index. */
export function checkLabels(logits: Float32Array, labels: Int32Array, classes: number): void {
  const rows = rowsOf(logits, classes);
  if (labels.length !== rows) {
    throw new RetortError('RT_INVALID_FIELD', `labels has ${labels.length} entries for ${rows} rows of logits.`);
  }
  const wrong = labels.findIndex((label) => label < -1 || label >= classes);
  if (wrong >= 0) {
    throw new RetortError(
      'RT_INVALID_FIELD',
      `labels[${wrong}] is ${labels[wrong]}; it must be -1 or below ${classes}.`,
    );
  }
}
