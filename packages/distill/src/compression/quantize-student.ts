import type { CompressionRecord, CompressionSpec } from '@retort/contracts';
import { quantizeTables, quantizeWeights } from '@retort/learn';
import type { Model } from '@retort/onnx';
import type { ValidationGate, ValidationRows } from './validation-gate.js';

export interface QuantizedStudent {
  /** Where the int8 form was asked for and has not lost more than the allowance. */
  quantized?: Model;
  record?: CompressionRecord;
}

/**
 * The int8 form of a finished student, measured against it on the validation rows: the last step of compression.
 *
 * @param model as it is served, calibrated @param trainable names of its weights
 */
export async function quantizeStudent(
  { model, trainable }: { model: Model; trainable: string[] },
  compression: CompressionSpec | undefined,
  validation: ValidationRows,
  gate: ValidationGate | undefined,
): Promise<QuantizedStudent> {
  const step = compression?.steps.find(({ kind }) => kind === 'quantize');
  if (!step || !gate) return {};
  const before = await gate.measure({ model, trainable }, validation);
  const tables = step.tables === false ? model : quantizeTables(model);
  const quantized = step.weights === false ? tables : quantizeWeights(tables);
  const { logits, accuracy, bytes } = await gate.measure({ model: quantized, trainable: [] }, validation);
  // It has as many numbers as before, in other types.
  const record = gate.judge(step, before, { logits, accuracy, bytes, parameters: before.parameters });
  return { record, ...(record.accepted ? { quantized } : {}) };
}
