import { type Static, Type } from 'typebox';

/** How sure the teacher was of a row, measured on its probabilities; `packages/learn/src/soft-labels/confidence.ts` has the formulas. */
export const CONFIDENCES = ['max-probability', 'margin', 'entropy'] as const;
export type ConfidenceMeasure = (typeof CONFIDENCES)[number];

/**
 * What is done to the teacher's answers before they are learned from, in this order: calibrate, correct, sharpen, topK. How sure the
 * teacher was is measured after the first. Absent: they are learned as they are.
 */
export const SoftLabelsSpec = Type.Object(
  {
    calibrate: Type.Boolean({
      default: false,
      description:
        'Divides the teacher’s logits by the temperature that fits the labelled rows of the split “valid” best (Guo et al. 2017).',
    }),
    correct: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0,
      description:
        'Share of the label that is mixed into the teacher’s probabilities where its answer is not the label.',
    }),
    sharpen: Type.Number({
      minimum: 0.1,
      maximum: 10,
      default: 1,
      description: 'Power of the probabilities, normalised again: above 1 sharper, below 1 softer.',
    }),
    topK: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description:
          'Keeps only the k highest probabilities; what the others had is spread evenly over them. Below the number of labels.',
      }),
    ),
    weighting: Type.Enum(['none', ...CONFIDENCES], {
      default: 'none',
      description: 'What a row counts in the loss: how sure the teacher was of it, relative to the mean over all rows.',
    }),
  },
  { additionalProperties: false },
);
export type SoftLabelsSpec = Static<typeof SoftLabelsSpec>;

/** What a user writes: any part may be left out. */
export const SoftLabelsSpecInput = Type.Partial(SoftLabelsSpec, { additionalProperties: false });
