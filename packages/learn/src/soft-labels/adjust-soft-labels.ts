import type { SoftLabelsSpec } from '@retort/contracts';
import { fitTemperature } from '../measure/calibration.js';
import { correct, sharpen, truncate } from './adjustments.js';
import { confidences } from './confidence.js';

/** A teacher's answers, and which of them were right. */
export interface SoftLabels {
  /** The teacher's logits, row-major `[rows, classes]`. */
  logits: Float32Array;
  /** Class of each row, -1 where it has no label. */
  labels: Int32Array;
}

export interface AdjustedSoftLabels {
  /** What is to be learned from in the place of the teacher's logits. */
  logits: Float32Array;
  /** The teacher's logits divided by its temperature, otherwise as it gave them: they tell how sure it was. */
  calibrated: Float32Array;
  /** The teacher's temperature; 1 where it was not calibrated. */
  temperature: number;
  /** What each row counts in the loss; absent where all count alike. */
  weights?: Float32Array;
}

/**
 * Adjusts soft labels, in the order that the spec's schema gives: calibrate, correct, sharpen, topK. The weights come from the calibrated
 * logits: what follows changes what is taught, not how sure the teacher was.
 *
 * @param validation what the teacher is calibrated on; where no row of it has a label, it is not
 * @throws RetortError `RT_INVALID_FIELD` where sizes do not fit, or as many classes are to be kept as there are
 */
export function adjustSoftLabels(
  { logits: given, labels }: SoftLabels,
  validation: SoftLabels | undefined,
  { classes, spec }: { classes: number; spec: SoftLabelsSpec },
): AdjustedSoftLabels {
  const temperature = spec.calibrate && validation ? temperatureOf(validation, classes) : 1;
  const calibrated = temperature === 1 ? given : sharpen(given, 1 / temperature);
  let logits = calibrated;
  if (spec.correct > 0) logits = correct(logits, labels, classes, spec.correct);
  if (spec.sharpen !== 1) logits = sharpen(logits, spec.sharpen);
  if (spec.topK !== undefined) logits = truncate(logits, classes, spec.topK);
  const weights = spec.weighting === 'none' ? {} : { weights: confidences(calibrated, classes, spec.weighting) };
  return { logits, calibrated, temperature, ...weights };
}

/** That fits the labelled rows best; 1 where there are none. */
function temperatureOf({ logits, labels }: SoftLabels, classes: number): number {
  return labels.some((label) => label >= 0) ? fitTemperature(logits, labels, classes) : 1;
}
