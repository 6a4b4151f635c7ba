import { type Static, Type } from 'typebox';
import { DIVERGENCES } from './divergences.js';

const lambda = {
  minimum: 0,
  maximum: 1,
  description: 'Weight of the hard-label cross-entropy: L = lambda·CE + (1-lambda)·T²·KL(teacher‖student).',
};
const temperature = { minimum: 0.1, maximum: 100, description: 'T of both softmaxes.' };

/** Parameters of the divergence `dkd`. */
export const DkdSpec = Type.Object(
  {
    beta: Type.Number({
      minimum: 0,
      maximum: 100,
      default: 8,
      description: 'Weight of what is learned about the other classes, beside 1 for the target class.',
    }),
  },
  { additionalProperties: false },
);

/** Parameters of the divergence `dist`. */
export const DistSpec = Type.Object(
  {
    inter: Type.Number({
      minimum: 0,
      maximum: 100,
      default: 1,
      description: 'Weight of the correlation over the classes of a row.',
    }),
    intra: Type.Number({
      minimum: 0,
      maximum: 100,
      default: 1,
      description: 'Weight of the correlation over the rows of a batch, class by class.',
    }),
  },
  { additionalProperties: false },
);

/** Lambda and temperature from the stage before (for the first: from the start) up to `until`. */
export const LossStage = Type.Object(
  {
    until: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      description: 'Share of the training at which the stage ends; stages ascend and the last ends at 1.',
    }),
    temperature: Type.Optional(Type.Number({ ...temperature, description: 'Default: that of the loss.' })),
    lambda: Type.Optional(Type.Number({ ...lambda, description: 'Default: that of the loss.' })),
  },
  { additionalProperties: false },
);

const interpolation = {
  default: 'step',
  description:
    'step: a stage has its values from its beginning. linear: they are reached at its end, in a straight line from those before it, at first those of the loss.',
};
const stages = Type.Array(LossStage, { minItems: 1, maxItems: 32 });

export const LossSchedule = Type.Object(
  { interpolation: Type.Enum(['step', 'linear'], interpolation), stages },
  { additionalProperties: false },
);

export const LossSpec = Type.Object(
  {
    lambda: Type.Number({ ...lambda, default: 0.1 }),
    temperature: Type.Number({ ...temperature, default: 3 }),
    labelSmoothing: Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0,
      description: 'Share ε of the hard label that is spread evenly over all classes.',
    }),
    divergence: Type.Enum([...DIVERGENCES], {
      default: 'forward-kl',
      description: 'What stands in the place of KL(teacher‖student). T² is before it but for dist and logit-mse.',
    }),
    dkd: Type.Optional(DkdSpec),
    dist: Type.Optional(DistSpec),
    schedule: Type.Optional(LossSchedule),
  },
  { additionalProperties: false },
);

/** What a user writes: any part may be left out. */
export const LossSpecInput = Type.Object(
  {
    ...Type.Partial(LossSpec).properties,
    dkd: Type.Optional(Type.Partial(DkdSpec, { additionalProperties: false })),
    dist: Type.Optional(Type.Partial(DistSpec, { additionalProperties: false })),
    schedule: Type.Optional(
      Type.Object(
        { interpolation: Type.Optional(LossSchedule.properties.interpolation), stages },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);

export type LossSpec = Static<typeof LossSpec>;
export type LossSchedule = Static<typeof LossSchedule>;
export type LossStage = Static<typeof LossStage>;
export type DkdSpec = Static<typeof DkdSpec>;
export type DistSpec = Static<typeof DistSpec>;
