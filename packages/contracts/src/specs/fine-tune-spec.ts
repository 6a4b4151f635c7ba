import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { RetortError } from '../errors.js';
import { schemaProblems } from '../schema-problems.js';

/**
 * How an encoder is fine-tuned. The defaults were chosen on validation rows of banking77 with all-MiniLM-L6-v2;
 * docs/architecture.md has the figures.
 */
export const FineTuneSpec = Type.Object(
  {
    epochs: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'Default 5, and for small datasets as many more as make 300 steps, at most 30.',
      }),
    ),
    batchSize: Type.Integer({ minimum: 1, maximum: 512, default: 32 }),
    learningRate: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 2e-4,
      description: 'Peak rate of AdamW for the last layer.',
    }),
    headLearningRate: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 2e-3,
      description: 'Peak rate for the head, which begins with nothing learned.',
    }),
    layerDecay: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1,
      default: 0.9,
      description: 'Factor on the rate from each layer to the one before it.',
    }),
    warmup: Type.Number({
      minimum: 0,
      maximum: 0.5,
      default: 0.08,
      description: 'Share of the steps over which the rate rises.',
    }),
    weightDecay: Type.Number({
      minimum: 0,
      maximum: 10,
      default: 0.01,
      description: 'Of AdamW, per unit of learning rate.',
    }),
    labelSmoothing: Type.Number({
      minimum: 0,
      maximum: 0.5,
      default: 0.1,
      description: 'Share of each target that is spread over all labels.',
    }),
    averageDecay: Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0,
      description: 'Decay of the exponential moving average of the weights that becomes the teacher; 0 for none.',
    }),
    patience: Type.Integer({
      minimum: 0,
      maximum: 100,
      default: 0,
      description: 'Stop after this many epochs in a row without a better validation accuracy; 0 for never.',
    }),
    freezeEmbeddings: Type.Boolean({
      default: false,
      description: 'Leaves the embedding tables and their norm as they are.',
    }),
    freezeLayers: Type.Integer({
      minimum: 0,
      maximum: 1000,
      default: 0,
      description: 'Leaves the first layers as they are, and the embeddings with them.',
    }),
    maxLength: Type.Integer({
      minimum: 4,
      maximum: 8192,
      default: 128,
      description: 'Tokens that are learned from of a text.',
    }),
    hidden: Type.Integer({
      minimum: 0,
      maximum: 4096,
      default: 0,
      description: "Width of the head's hidden layer; 0 for none.",
    }),
  },
  { additionalProperties: false },
);
export type FineTuneSpec = Static<typeof FineTuneSpec>;

/** What a user writes: any part may be left out. */
export const FineTuneSpecInput = Type.Partial(FineTuneSpec, { additionalProperties: false });
export type FineTuneSpecInput = Static<typeof FineTuneSpecInput>;

/**
 * Fills a user's options with the defaults and checks them.
 *
 * @throws RetortError `RT_INVALID_FIELD` with one {@link FieldProblem} per finding, its path a JSON pointer into the options
 */
export function resolveFineTuneSpec(input: unknown = {}): FineTuneSpec {
  const spec = Value.Default(FineTuneSpec, Value.Clone(input));
  if (Value.Check(FineTuneSpec, spec)) return spec;
  const problems = schemaProblems(FineTuneSpec, spec, 'is not an option of fine-tuning');
  const detail = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new RetortError('RT_INVALID_FIELD', `The options of fine-tuning cannot be used. ${detail}.`, { problems });
}
