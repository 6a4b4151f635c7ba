import { type Static, Type } from 'typebox';

const Scalar = Type.Union([Type.Number(), Type.String({ maxLength: 100 }), Type.Boolean()]);

/** The values that a search tries for one field. */
export const SweepRange = Type.Union([
  Type.Object(
    {
      min: Type.Number({ description: 'Least value.' }),
      max: Type.Number({ description: 'Greatest value.' }),
      scale: Type.Optional(
        Type.Enum(['linear', 'log'], {
          description: 'What is drawn uniformly: the value (linear, the default) or its logarithm (log).',
        }),
      ),
    },
    { additionalProperties: false },
  ),
  Type.Object({ values: Type.Array(Scalar, { minItems: 1, maxItems: 100 }) }, { additionalProperties: false }),
]);

/** What `sweep` and `auto` have in common: how a search spends its time. */
export const SEARCH_EFFORT = {
  minutes: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 10_080,
      description:
        'Minutes that trials may take, summed over them. The trial that runs out of them is stopped; the first always ends.',
    }),
  ),
  patience: Type.Integer({
    minimum: 0,
    maximum: 1000,
    default: 3,
    description: 'A trial stops after this many epochs in a row without a better validation metric; 0 for never.',
  }),
  metric: Type.Enum(['accuracy', 'agreement'], {
    default: 'accuracy',
    description: 'Of the validation rows: the share answered with their label, or with the answer of the teacher.',
  }),
};

/**
 * A search over fields of the spec. Its trials learn from the training rows and are measured on the validation rows; what is best
 * there becomes the spec of the job, which alone is measured on the test rows.
 */
export const SweepSpec = Type.Object(
  {
    space: Type.Record(Type.String({ pattern: '^/[^/]+/[^/]' }), SweepRange, {
      minProperties: 1,
      maxProperties: 16,
      description:
        'What to try for each field, by its JSON pointer into the spec, such as "/loss/temperature". Of a transfer set: multiply, minConfidence and keepLabels, since its texts are generated and labelled once for all trials, as many as the trial with the greatest multiply needs. Fields of loss and training are varied for an assistant too where it has the value of the whole spec.',
    }),
    method: Type.Enum(['random', 'successive-halving'], {
      default: 'successive-halving',
      description:
        'random: every trial trains in full. successive-halving: all train for a few epochs, the best of them for eta times as many, and so on.',
    }),
    trials: Type.Integer({ minimum: 2, maximum: 200, default: 20, description: 'Points of the space to try.' }),
    eta: Type.Integer({
      minimum: 2,
      maximum: 8,
      default: 3,
      description: 'Of successive halving: one in this many goes on, for this many times the epochs.',
    }),
    firstShare: Type.Number({
      minimum: 0.01,
      maximum: 1,
      default: 0.125,
      description: 'Of successive halving: share of the epochs that all trials train for at first.',
    }),
    ...SEARCH_EFFORT,
    seed: Type.Integer({ minimum: 0, maximum: 4_294_967_295, default: 1, description: 'Draws the points.' }),
  },
  { title: 'SweepSpec', additionalProperties: false },
);

/** The same as a user writes it. */
export const SweepSpecInput = Type.Object(
  { ...Type.Partial(SweepSpec).properties, space: SweepSpec.properties.space },
  { title: 'SweepSpecInput', additionalProperties: false },
);

export type SweepRange = Static<typeof SweepRange>;
export type SweepSpec = Static<typeof SweepSpec>;
