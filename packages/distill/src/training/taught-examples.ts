import type { DistillationSpec } from '@retort/contracts';
import { adjustSoftLabels, type CurriculumOptions, confidences, type TrainingExamples } from '@retort/learn';
import { invalidSpec } from '../sections/invalid-spec.js';

type Answered = TrainingExamples & { teacherLogits: Float32Array };

/**
 * The training examples as the spec wants them taught: soft labels adjusted, weights by how sure the teacher was, easy rows first.
 * Everything else, measures above all, keeps to what the teacher answered.
 *
 * @returns with the teacher's temperature, where it was calibrated
 * @throws RetortError `RT_INVALID_SPEC` where as many classes are to be kept as there are
 */
export function taughtExamples(
  training: Answered,
  validation: Answered,
  {
    classes,
    spec: { softLabels, curriculum },
  }: { classes: number; spec: Pick<DistillationSpec, 'softLabels' | 'curriculum'> },
): Answered & { curriculum?: CurriculumOptions; teacherTemperature?: number } {
  let taught: ReturnType<typeof taughtExamples> = training;
  let calibrated = training.teacherLogits;
  if (softLabels) {
    const { topK = 1 } = softLabels;
    if (topK >= classes) {
      const message = `must be below the number of labels (${classes}), got ${topK}`;
      throw invalidSpec([{ path: '/softLabels/topK', message }]);
    }
    const adjusted = adjustSoftLabels(softLabelsOf(training), softLabelsOf(validation), { classes, spec: softLabels });
    calibrated = adjusted.calibrated;
    taught = {
      ...training,
      teacherLogits: adjusted.logits,
      weights: adjusted.weights,
      ...(softLabels.calibrate && { teacherTemperature: adjusted.temperature }),
    };
  }
  if (!curriculum) return taught;
  const { by, ...pacing } = curriculum;
  const difficulty = confidences(calibrated, classes, by).map((sure) => 1 - sure);
  return { ...taught, curriculum: { ...pacing, difficulty } };
}

const softLabelsOf = ({ teacherLogits: logits, labels }: Answered) => ({ logits, labels });
