import { type Examples, fitTemperature, predict } from '@retort/learn';
import type { Model } from '@retort/onnx';
import { foldTemperature } from './fold-temperature.js';

export interface Calibrated {
  model: Model;
  /** What the logits were divided by; 1 where there was nothing to calibrate on. */
  temperature: number;
}

/**
 * Scales the logits so that confidences match accuracy on the validation rows (temperature scaling).
 *
 * @param options.batchSize rows per run: those of a training step, which needs more memory for them
 */
export async function calibrate(
  model: Model,
  validation: Examples,
  options: { classes: number; batchSize: number; threads?: number; signal?: AbortSignal },
): Promise<Calibrated> {
  if (!validation.labels.some((label) => label >= 0)) return { model, temperature: 1 };
  const logits = await predict(model, validation, options);
  const temperature = fitTemperature(logits, validation.labels, options.classes);
  return { model: foldTemperature(model, temperature), temperature };
}
