import type { CompressionRecord, CompressionSpec, CompressionStep } from '@retort/contracts';
import { agreement, type Examples, evaluate, MASKED, predict, type TrainableModel } from '@retort/learn';
import { type Model, withoutDropout, writeModel } from '@retort/onnx';

/** Guards a comparison of shares against their rounding. */
const ROUNDING = 1e-9;

/** A student on the validation rows. */
export interface Measured {
  /** `[rows, classes]`. */
  logits: Float32Array;
  /** On the labelled rows; where there is none, agreement with the teacher. */
  accuracy: number;
  /** Of the ONNX file. */
  bytes: number;
  /** Numbers of the weights that are not 0. */
  parameters: number;
}

export interface GateOptions {
  allowance: CompressionSpec['allowance'];
  classes: number;
  /** Rows per run. */
  batchSize: number;
  /** What is run of a student, where that is more than its graph; default: the graph itself. */
  running?: (model: Model) => Model;
  threads?: number;
  signal?: AbortSignal;
}

/** Measures students on the validation rows and says which have lost too much against the uncompressed one. */
export class ValidationGate {
  readonly #options: GateOptions;
  readonly #uncompressed: Measured;

  private constructor(uncompressed: Measured, options: GateOptions) {
    this.#uncompressed = uncompressed;
    this.#options = options;
  }

  /** @param student uncompressed @param validation as it reads them; at least one row */
  static async open(
    student: TrainableModel,
    validation: ValidationRows,
    options: GateOptions,
  ): Promise<ValidationGate> {
    return new ValidationGate(await measure(student, validation, options), options);
  }

  get uncompressed(): Measured {
    return this.#uncompressed;
  }

  /** @param validation as the student reads them, whose tokenizer may have been trimmed */
  measure(student: TrainableModel, validation: ValidationRows): Promise<Measured> {
    return measure(student, validation, this.#options);
  }

  /** The record of a step that made `after` of `before`, accepted or not. */
  judge(step: CompressionStep, before: Measured, after: Measured): CompressionRecord {
    const { allowance, classes } = this.#options;
    const alike = agreement(after.logits, this.#uncompressed.logits, classes);
    const lost = this.#uncompressed.accuracy - after.accuracy;
    const least = allowance.agreement ?? 0;
    const reasons = [
      ...(lost > allowance.accuracy + ROUNDING
        ? [`it loses ${percent(lost)} of accuracy in all, more than the allowance of ${percent(allowance.accuracy)}`]
        : []),
      ...(alike < least - ROUNDING
        ? [`it agrees with the uncompressed student on ${percent(alike)} of the rows, fewer than ${percent(least)}`]
        : []),
      // Of a tiny graph the new nodes take more than int8 saves.
      ...(after.bytes > before.bytes ? [`the graph grows from ${before.bytes} to ${after.bytes} bytes`] : []),
    ];
    return {
      step,
      accepted: reasons.length === 0,
      ...(reasons.length > 0 ? { reason: reasons.join('; ') } : {}),
      accuracyBefore: before.accuracy,
      accuracyAfter: after.accuracy,
      agreement: alike,
      maxLogitChange: largestDifference(before.logits, after.logits),
      bytesBefore: before.bytes,
      bytes: after.bytes,
      parameters: after.parameters,
    };
  }

  /** The record of a step that was not, or could not be, taken. */
  refuse(step: CompressionStep, { logits, accuracy, bytes, parameters }: Measured, reason: string): CompressionRecord {
    return {
      step,
      accepted: false,
      reason,
      accuracyBefore: accuracy,
      accuracyAfter: accuracy,
      agreement: agreement(logits, this.#uncompressed.logits, this.#options.classes),
      maxLogitChange: 0,
      bytesBefore: bytes,
      bytes,
      parameters,
    };
  }
}

/** With the teacher's logits, to measure on where no row has a label. */
export type ValidationRows = Examples & Required<Pick<Examples, 'teacherLogits'>>;

async function measure(
  { model, trainable }: TrainableModel,
  validation: ValidationRows,
  { classes, batchSize, running = (graph) => graph, threads, signal }: GateOptions,
): Promise<Measured> {
  const served = withoutDropout(model);
  const logits = await predict(running(served), validation, { batchSize, threads, signal });
  const { labels, teacherLogits } = validation;
  return {
    logits,
    accuracy: labels.some((label) => label >= 0)
      ? evaluate(logits, labels, classes).accuracy
      : agreement(logits, teacherLogits, classes),
    bytes: writeModel(served).length,
    parameters: nonZero(model, trainable),
  };
}

function nonZero({ graph }: Model, names: readonly string[]): number {
  let count = 0;
  for (const name of names) {
    for (const value of (graph.initializers.get(name)?.data ?? []) as ArrayLike<number> & Iterable<number>) {
      if (value !== 0) count++;
    }
  }
  return count;
}

/** Of logits that are none of another task, whose rounding is coarser than what is measured here. */
function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => (value < MASKED / 2 ? most : Math.max(most, Math.abs(value - b[i]))), 0);
}

const percent = (share: number) => `${(100 * share).toFixed(2)}%`;
