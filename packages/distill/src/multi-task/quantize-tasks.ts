import type { MultiTaskSpec } from '@retort/contracts';
import { type TaskHead, withTaskMask } from '@retort/learn';
import type { Model } from '@retort/onnx';
import { type QuantizedStudent, quantizeStudent, ValidationGate, type ValidationRows } from '../compression/index.js';

export interface QuantizeTasksOptions {
  heads: readonly TaskHead[];
  /** Names of the student's weights. */
  trainable: string[];
  /** Rows of all tasks, that tell which task each is of; at least one. */
  validation: ValidationRows;
  batchSize: number;
  threads?: number;
  signal?: AbortSignal;
}

/**
 * The int8 form of a student of several tasks, as {@link quantizeStudent} makes and checks that of one: it may lose no more than the
 * allowance on the validation rows of all tasks together, each answered among the labels of its own.
 *
 * @param model as it is served, its heads calibrated
 */
export async function quantizeTasks(
  model: Model,
  compression: MultiTaskSpec['compression'],
  { heads, trainable, validation, ...options }: QuantizeTasksOptions,
): Promise<QuantizedStudent> {
  if (!compression) return {};
  const student = { model, trainable };
  const gate = await ValidationGate.open(student, validation, {
    ...options,
    allowance: compression.allowance,
    classes: heads.reduce((sum, head) => sum + head.classes, 0),
    running: (graph) => withTaskMask(graph, heads),
  });
  return quantizeStudent(student, compression, validation, gate);
}
