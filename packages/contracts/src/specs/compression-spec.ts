import { type Static, Type } from 'typebox';

/** What can be done to a trained student to make it smaller. */
export const COMPRESSION_STEPS = [
  'prune-heads',
  'prune-hidden',
  'prune-magnitude',
  'prune-vocabulary',
  'quantize',
] as const;
export type CompressionStepKind = (typeof COMPRESSION_STEPS)[number];

/** One step. Which fields it takes depends on its kind; the others are refused. */
export const CompressionStep = Type.Object(
  {
    kind: Type.Enum([...COMPRESSION_STEPS], {
      description:
        'prune-heads: attention heads of an encoder. prune-hidden: units between two dense layers. prune-magnitude: the smallest weights of matrices become 0. prune-vocabulary: rare tokens of an encoder. quantize: int8; it comes last.',
    }),
    share: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        exclusiveMaximum: 1,
        description:
          'Of prune-heads, prune-hidden and prune-magnitude: the share that is taken away, default 0.25, of prune-magnitude 0.5.',
      }),
    ),
    importance: Type.Optional(
      Type.Enum(['taylor', 'norm'], {
        description:
          'Of prune-heads and prune-hidden: by what the least important are found, how far the loss would change to first order (default), or the norm of the weights that read them.',
      }),
    ),
    scope: Type.Optional(
      Type.Enum(['tensor', 'global'], {
        description: 'Of prune-magnitude: whether the share is taken of each matrix (default) or of all together.',
      }),
    ),
    minCount: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'Of prune-vocabulary: how often the training texts must have a token for it to stay; default 2.',
      }),
    ),
    weights: Type.Optional(Type.Boolean({ description: 'Of quantize: the matrices; default true.' })),
    tables: Type.Optional(Type.Boolean({ description: 'Of quantize: the embedding tables; default true.' })),
  },
  { title: 'CompressionStep', additionalProperties: false },
);

const steps = Type.Array(CompressionStep, {
  maxItems: 16,
  description:
    'In their order. A section of no steps and nothing else leaves the student as it is, also where int8 is recommended: in a submission that says nothing of compression, with rows to check it on.',
});

/**
 * How the trained student is compressed: the steps in order, each kept only where the student then still loses no more than the
 * allowance on the validation rows. An empty object is int8 of weights and tables.
 */
export const CompressionSpec = Type.Object(
  {
    steps: Type.Array(CompressionStep, { minItems: 1, maxItems: 16, default: [{ kind: 'quantize' }] }),
    fineTuneEpochs: Type.Integer({
      minimum: 0,
      maximum: 1000,
      default: 3,
      description: 'Epochs of training after each pruning step, with the same loss; 0 for none.',
    }),
    fineTuneRate: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.1,
      description: 'Peak learning rate of that training, as a share of training.learningRate.',
    }),
    allowance: Type.Object(
      {
        accuracy: Type.Number({
          minimum: 0,
          maximum: 1,
          default: 0.005,
          description:
            'Most validation accuracy (where no row has a label: agreement with the teacher) that may be lost in all against the uncompressed student.',
        }),
        agreement: Type.Optional(
          Type.Number({
            minimum: 0,
            maximum: 1,
            description: 'Least share of validation rows that are answered as by the uncompressed student; default 0.',
          }),
        ),
      },
      { additionalProperties: false, default: {} },
    ),
  },
  { title: 'CompressionSpec', additionalProperties: false },
);

/** What a user writes: any part may be left out. */
export const CompressionSpecInput = Type.Object(
  {
    steps: Type.Optional(steps),
    fineTuneEpochs: Type.Optional(CompressionSpec.properties.fineTuneEpochs),
    fineTuneRate: Type.Optional(CompressionSpec.properties.fineTuneRate),
    allowance: Type.Optional(Type.Partial(CompressionSpec.properties.allowance, { additionalProperties: false })),
  },
  { title: 'CompressionSpecInput', additionalProperties: false },
);

export type CompressionStep = Static<typeof CompressionStep>;
export type CompressionSpec = Static<typeof CompressionSpec>;
