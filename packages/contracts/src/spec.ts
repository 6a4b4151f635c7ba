import { type Static, Type } from 'typebox';
import { StudentSpec, StudentSpecInput } from './student-spec.js';

export const LossSpec = Type.Object(
  {
    lambda: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0.1,
      description: 'Weight of the hard-label cross-entropy: L = lambda·CE + (1-lambda)·T²·KL(teacher‖student).',
    }),
    temperature: Type.Number({ minimum: 0.1, maximum: 100, default: 3, description: 'T of both softmaxes.' }),
  },
  { additionalProperties: false },
);

export const TrainingSpec = Type.Object(
  {
    epochs: Type.Integer({ minimum: 1, maximum: 1000, default: 15 }),
    batchSize: Type.Integer({ minimum: 1, maximum: 4096, default: 64 }),
    learningRate: Type.Number({ exclusiveMinimum: 0, maximum: 10, default: 0.01, description: 'Peak rate of AdamW.' }),
    seed: Type.Integer({ minimum: 0, maximum: 4_294_967_295, default: 1 }),
  },
  { additionalProperties: false },
);

/** How to distil: the part of a job that does not depend on where data and teacher live. All of it has defaults. */
export const DistillationSpec = Type.Object(
  { student: StudentSpec, loss: LossSpec, training: TrainingSpec },
  { additionalProperties: false },
);

export type LossSpec = Static<typeof LossSpec>;
export type TrainingSpec = Static<typeof TrainingSpec>;
export type DistillationSpec = Static<typeof DistillationSpec>;

/** What a user writes: any part may be left out. */
export const DistillationSpecInput = Type.Object(
  {
    student: Type.Optional(StudentSpecInput),
    loss: Type.Optional(Type.Partial(LossSpec, { additionalProperties: false })),
    training: Type.Optional(Type.Partial(TrainingSpec, { additionalProperties: false })),
  },
  { additionalProperties: false },
);
export type DistillationSpecInput = Static<typeof DistillationSpecInput>;
