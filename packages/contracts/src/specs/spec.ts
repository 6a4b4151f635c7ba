import { type Static, Type } from 'typebox';
import { AutoStudentInput, autoSpec, autoSpecInput } from './auto-spec.js';
import { CompressionSpec, CompressionSpecInput } from './compression-spec.js';
import { CurriculumSpec, CurriculumSpecInput } from './curriculum-spec.js';
import { EnsembleSpec, EnsembleSpecInput } from './ensemble-spec.js';
import { FeatureSpecs, FeatureSpecsInput } from './feature-spec.js';
import { LossSpec, LossSpecInput } from './loss-spec.js';
import { OutOfScopeSpec } from './out-of-scope-spec.js';
import { progressiveSpec, progressiveSpecInput } from './progressive-spec.js';
import { SoftLabelsSpec, SoftLabelsSpecInput } from './soft-labels-spec.js';
import { StudentSpec, StudentSpecInput } from './student-spec.js';
import { SweepSpec, SweepSpecInput } from './sweep-spec.js';
import { TransferSetSpec, TransferSetSpecInput } from './transfer-set-spec.js';

export const TrainingSpec = Type.Object(
  {
    epochs: Type.Integer({ minimum: 1, maximum: 1000, default: 15 }),
    batchSize: Type.Integer({ minimum: 1, maximum: 4096, default: 64, description: 'Rows of one run of the graph.' }),
    accumulate: Type.Integer({
      minimum: 1,
      maximum: 1024,
      default: 1,
      description: 'Batches whose gradients make one step: it learns from accumulate · batchSize rows.',
    }),
    optimizer: Type.Enum(['adamw', 'sgd'], { default: 'adamw' }),
    learningRate: Type.Number({ exclusiveMinimum: 0, maximum: 10, default: 0.01, description: 'Peak learning rate.' }),
    momentum: Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.9, description: 'Of SGD.' }),
    nesterov: Type.Boolean({ default: false, description: 'Whether SGD looks ahead by its momentum.' }),
    weightDecay: Type.Number({
      minimum: 0,
      maximum: 100,
      default: 0.01,
      description: 'Of matrices and tables. AdamW: decoupled, per unit of learning rate. SGD: added to the gradient.',
    }),
    clipNorm: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1e9,
      default: 1,
      description: 'Largest norm of the whole gradient; a longer one is scaled down to it.',
    }),
    schedule: Type.Enum(['constant', 'linear', 'cosine', 'one-cycle'], {
      default: 'cosine',
      description: 'How the learning rate goes on from its peak.',
    }),
    warmup: Type.Optional(
      Type.Number({
        minimum: 0,
        exclusiveMaximum: 1,
        description: 'Share of the steps over which the learning rate rises; default 0.05, of one-cycle 0.3.',
      }),
    ),
    averageDecay: Type.Number({
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0,
      description: 'Decay of the exponential moving average of the weights that becomes the student; 0 for none.',
    }),
    mixup: Type.Number({
      minimum: 0,
      maximum: 32,
      default: 0,
      description:
        'α of mixup (Zhang et al. 2018): the student also learns from mixtures μ, 1 - μ of the vectors of two texts of a batch, with μ drawn from Beta(α, α) for each batch; 0 for none.',
    }),
    patience: Type.Integer({
      minimum: 0,
      maximum: 1000,
      default: 0,
      description: 'Stop after this many epochs in a row without a better validation metric; 0 for never.',
    }),
    minDelta: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0,
      description: 'By how much the metric must rise to count as better.',
    }),
    seed: Type.Integer({ minimum: 0, maximum: 4_294_967_295, default: 1 }),
  },
  { title: 'TrainingSpec', additionalProperties: false },
);

/** How to distil: the part of a job that does not depend on where data and teacher live. All of it has defaults. */
export const DistillationSpec = Type.Object(
  {
    student: StudentSpec,
    loss: LossSpec,
    softLabels: Type.Optional(SoftLabelsSpec),
    curriculum: Type.Optional(CurriculumSpec),
    training: TrainingSpec,
    features: Type.Optional(FeatureSpecs),
    transferSet: Type.Optional(TransferSetSpec),
    ensemble: Type.Optional(EnsembleSpec),
    outOfScope: OutOfScopeSpec,
    progressive: Type.Optional(progressiveSpec(LossSpec, TrainingSpec)),
    compression: Type.Optional(CompressionSpec),
    sweep: Type.Optional(SweepSpec),
    auto: Type.Optional(autoSpec(TrainingSpec)),
  },
  { additionalProperties: false },
);

export type TrainingSpec = Static<typeof TrainingSpec>;
export type DistillationSpec = Static<typeof DistillationSpec>;
export type AutoSpec = NonNullable<DistillationSpec['auto']>;
export type ProgressiveSpec = NonNullable<DistillationSpec['progressive']>;

const TrainingSpecInput = Type.Partial(TrainingSpec, { title: 'TrainingSpecInput', additionalProperties: false });

/** What a user writes: any part may be left out. */
export const DistillationSpecInput = Type.Object(
  {
    student: Type.Optional(Type.Union([StudentSpecInput, AutoStudentInput])),
    loss: Type.Optional(LossSpecInput),
    softLabels: Type.Optional(SoftLabelsSpecInput),
    curriculum: Type.Optional(CurriculumSpecInput),
    training: Type.Optional(TrainingSpecInput),
    features: Type.Optional(FeatureSpecsInput),
    transferSet: Type.Optional(TransferSetSpecInput),
    ensemble: Type.Optional(EnsembleSpecInput),
    outOfScope: Type.Optional(OutOfScopeSpec),
    progressive: Type.Optional(progressiveSpecInput(LossSpecInput, TrainingSpecInput)),
    compression: Type.Optional(CompressionSpecInput),
    sweep: Type.Optional(SweepSpecInput),
    auto: Type.Optional(autoSpecInput(TrainingSpecInput)),
  },
  { additionalProperties: false },
);
export type DistillationSpecInput = Static<typeof DistillationSpecInput>;
