import fc from 'fast-check';
import {
  AUGMENTATION_NAMES,
  COMPRESSION_STEPS,
  CONFIDENCES,
  DIVERGENCES,
  type DistillationSpecInput,
  EMBEDDING_AUGMENTATIONS,
  FEATURE_DISTANCES,
  FEATURE_KINDS,
} from '../../packages/contracts/src/index.ts';
import { TOY_LABELS } from './toy-teacher.ts';

/** What a toy teacher is: a BERT, which has layers and word tokens, or one that looks at letters alone. */
type ToyTeacherName = 'bert' | 'letters';

/** A spec with the teachers that it is for. */
export interface SpecForTeachers {
  teachers: ToyTeacherName[];
  spec: DistillationSpecInput;
}

/** Any subset of the fields; those that are left out get their defaults. */
const anyOf = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(fields, { requiredKeys: [] });
const one = fc.constantFrom;

// Labels alone go with little of what teaches: rarely drawn, or little else would be legal.
const lambda = one(0, 0.3, 0.3, 0.3, 0.7, 0.9, 0.1, 0.5, 1);
const temperature = one(1, 4);

const loss = anyOf({
  lambda,
  temperature,
  labelSmoothing: one(0, 0.1),
  divergence: one(...DIVERGENCES),
  schedule: fc.record({
    interpolation: one('step' as const, 'linear' as const),
    stages: fc
      .tuple(one(0.5, 0.5, 0.5, 0.5, 0.5, 1), anyOf({ temperature, lambda }), anyOf({ temperature, lambda }))
      .map(([until, first, last]) => [
        { until, ...first },
        { until: 1, ...last },
      ]),
  }),
});
/** Parameters that belong to one divergence, which the loss need not have. */
const withParameters = fc.oneof(
  { weight: 5, arbitrary: loss },
  { weight: 1, arbitrary: loss.map((given) => ({ ...given, dkd: { beta: 2 } })) },
  { weight: 1, arbitrary: loss.map((given) => ({ ...given, divergence: 'dist' as const, dist: { inter: 0 } })) },
);

/** Short: what is looked for is sections that do not go together, not what they learn. */
const training = (epochs: fc.Arbitrary<number>) =>
  fc.record(
    {
      epochs,
      batchSize: one(16, 32),
      accumulate: one(1, 2),
      optimizer: one('adamw' as const, 'sgd' as const),
      learningRate: one(0.001, 0.01),
      nesterov: fc.boolean(),
      weightDecay: one(0, 0.1),
      schedule: one('constant' as const, 'linear' as const, 'cosine' as const, 'one-cycle' as const),
      warmup: one(0, 0.2),
      averageDecay: one(0, 0.9),
      mixup: one(0, 0, 0, 0, 0, 0.4),
      patience: one(0, 1),
      seed: fc.nat(1000),
    },
    { requiredKeys: ['epochs'] },
  );

const staticStudent = fc.record({
  family: fc.constant('static' as const),
  width: one(8, 16),
  buckets: one(256, 512),
  minGram: one(1, 2),
  maxGram: one(1, 2, 3),
  hidden: one(0, 8),
  maxLength: fc.constant(32),
});
const encoderStudent = fc.record({
  family: fc.constant('encoder' as const),
  layers: one(1, 2, 3),
  width: fc.constant(16),
  heads: one(1, 2, 4),
  intermediate: one(16, 24),
  maxLength: fc.constant(24),
  dropout: one(0, 0.2),
  pooling: one('mean' as const, 'cls' as const, 'mean-and-words' as const),
  hidden: one(0, 8),
});
const student = fc.oneof(staticStudent, encoderStudent);
/** Tokens that the training text has not: of those who read the BERT's. */
const unseenTokens = one(0, 0, 20);
/** Reads the word tokens of the BERT, by n-grams or also by themselves. */
const readerStudent = fc
  .tuple(staticStudent, one(0, 8), unseenTokens)
  .map(([given, tokenWidth, unseenTokens]) => ({ ...given, tokens: 'teacher' as const, tokenWidth, unseenTokens }));
/** Starts from the layers of the BERT, of which there are two, with heads as wide as its own. */
const startedStudent = fc
  .tuple(encoderStudent, one([0], [1, 0]), unseenTokens)
  .map(([given, layers, unseenTokens]) => ({ ...given, heads: 4, initFrom: { layers }, unseenTokens }));

const softLabels = anyOf({
  calibrate: fc.boolean(),
  correct: one(0, 0.5),
  sharpen: one(0.5, 1, 2),
  topK: one(1, 2),
  weighting: one('none' as const, ...CONFIDENCES),
});
const curriculum = anyOf({
  by: one('margin' as const, 'entropy' as const),
  start: one(0.2, 0.6),
  until: one(0.5, 1),
  pacing: one('linear' as const, 'root' as const),
});

const feature = fc.record(
  {
    kind: fc.oneof(fc.constant('embedding' as const), one(...FEATURE_KINDS)),
    distance: one(...FEATURE_DISTANCES),
    teacherLayer: one(0, 1),
    studentLayer: one(0, 1, 2),
    relationHeads: one(1, 2, 3),
    weight: one(0.1, 1),
  },
  { requiredKeys: ['kind'] },
);
/** A feature of which nothing but the kind is said is legal more often. */
const features = fc.array(
  fc.oneof(
    feature,
    feature.map(({ kind }) => ({ kind })),
  ),
  { minLength: 1, maxLength: 2 },
);

const transferSet = (strategies: readonly (typeof AUGMENTATION_NAMES)[number][]) =>
  fc.record(
    {
      multiply: one(0, 1),
      strategies: fc.subarray([...strategies], { minLength: 1 }),
      strength: one(0.15, 0.5),
      minConfidence: one(0, 0.4),
      includeUnlabelled: fc.boolean(),
      keepLabels: fc.boolean(),
    },
    { requiredKeys: ['multiply'] },
  );

const weighting = fc.oneof(
  anyOf({ by: fc.constant('confidence' as const), measure: one('entropy' as const), sharpness: one(0, 3) }),
  anyOf({ by: fc.constant('skill' as const), smoothing: one(1, 9), sharpness: one(0, 3) }),
);
const [low, ...others] = TOY_LABELS as [string, string, string];
const ensemble = fc.oneof(
  anyOf({
    combine: one('probabilities' as const, 'logits' as const),
    weighting,
    weights: one([1, 2], [1, 0]),
    calibrate: fc.boolean(),
  }),
  fc.record({ weighting: fc.constant({ by: 'route' as const }), routes: fc.constant([[low], others]) }),
);

const stages = {
  assistants: fc.array(
    fc.record(
      { student, loss: anyOf({ temperature, lambda }), training: training(fc.constant(1)), mix: one(0, 0.4) },
      { requiredKeys: ['student'] },
    ),
    { maxLength: 2 },
  ),
  growth: fc.record(
    {
      stages: one([1, 2], [1, 3], [2, 3], [2, 1]).map((depths) => depths.map((layers) => ({ layers }))),
      newLayers: one('stack' as const, 'last' as const, 'fresh' as const),
    },
    { requiredKeys: ['stages'] },
  ),
};
/** Growth is of encoder students alone. */
const progressive = fc.oneof(
  { weight: 3, arbitrary: fc.record({ assistants: stages.assistants }) },
  { weight: 1, arbitrary: fc.record(stages, { requiredKeys: ['growth'] }) },
);

const compressionStep = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: one(...COMPRESSION_STEPS), share: fc.constant(0.5) }) },
  { weight: 3, arbitrary: fc.record({ kind: one(...COMPRESSION_STEPS) }) },
);
const compression = fc.record(
  {
    steps: fc.array(compressionStep, { minLength: 1, maxLength: 2 }),
    fineTuneEpochs: one(0, 1),
    allowance: one({}, { accuracy: 1 }),
  },
  { requiredKeys: ['steps'] },
);

const teachers = fc.constantFrom<ToyTeacherName[]>(['bert'], ['letters'], ['bert', 'letters'], ['letters', 'bert']);

/**
 * Specs over all sections but the searches, which random-searches.test.ts adds, each field drawn for itself, so that many have parts that do
 * not go together. What a section needs of the teachers (layers, word tokens, more than one) they have: whether the spec is legal is for
 * `resolveSpec` to say.
 */
export const specsForTeachers: fc.Arbitrary<SpecForTeachers> = teachers.chain((names) => {
  const isBert = names[0] === 'bert';
  const wordless = AUGMENTATION_NAMES.filter((name) => !EMBEDDING_AUGMENTATIONS.includes(name));
  const spec = fc.record(
    {
      student: isBert ? fc.oneof(student, startedStudent, readerStudent) : student,
      training: training(one(1, 2)),
      loss: withParameters,
      softLabels,
      curriculum,
      transferSet: transferSet(isBert ? AUGMENTATION_NAMES : wordless),
      progressive,
      compression,
      ...(isBert ? { features } : {}),
      ...(names.length > 1 ? { ensemble } : {}),
    },
    { requiredKeys: ['student', 'training'] },
  );
  return spec.map((drawn) => ({ teachers: names, spec: drawn as DistillationSpecInput }));
});
