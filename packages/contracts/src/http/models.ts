import { type Static, Type } from 'typebox';
import { CompressionStep } from '../specs/compression-spec.js';
import { MultiTaskSettings } from '../specs/multi-task-spec.js';
import { DistillationSpec } from '../specs/spec.js';
import { TeacherQueries, TransferSetCounts } from '../specs/transfer-set-spec.js';
import { TaskName } from '../task-name.js';
import { Count, Digest, DistillationId, ModelId, Nullable, Page, Timestamp } from './common.js';

export const ModelParams = Type.Object({ model: ModelId }, { additionalProperties: false });

export const ModelFileParams = Type.Object(
  {
    model: ModelId,
    '*': Type.String({
      minLength: 1,
      maxLength: 512,
      pattern: '^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$',
      description: 'Path of the file within the folder.',
      examples: ['onnx/model.onnx'],
    }),
  },
  { additionalProperties: false },
);

const Share = (description: string) => Type.Number({ description: `${description}, 0..1.` });
const bytes = Count('Bytes of the files needed to answer.');
const latencyMs = Type.Number({ description: 'Median for one text, one thread, tokenizer included.' });

const Percentiles = Type.Object({
  p50Ms: Type.Number({ description: 'Median, milliseconds.' }),
  p99Ms: Type.Number({ description: '99th percentile by nearest rank, milliseconds.' }),
});
/** Fields that models of earlier versions do not have are optional. */
const latency = Type.Optional(
  Type.Object(
    { one: Percentiles, batch32: Percentiles },
    { title: 'LatencyFigures', description: 'One thread, tokenizer included: one text, and 32 at once.' },
  ),
);
const OutOfScopeFiguresBody = Type.Object(
  {
    auroc: Share('Probability that a text in scope gets the higher confidence; 0.5 is chance'),
    recallAt95: Share('Share of the texts out of scope below the confidence that 95% of those in scope reach'),
  },
  { title: 'OutOfScopeFigures' },
);

const StageMetricsBody = Type.Object(
  {
    stage: Type.String({ description: 'An assistant, a depth of a growing student, or last the student.' }),
    parameters: Count('Trainable numbers.'),
    epochs: Count('Epochs that were trained.'),
    bestEpoch: Count('Epoch whose weights were kept.'),
    loss: Type.Number({ description: 'Mean training loss of that epoch.' }),
    validation: Type.Optional(
      Type.Object({
        accuracy: Type.Optional(Share('Accuracy on the validation rows')),
        agreement: Share('Share of validation texts that it and the teacher answer alike'),
      }),
    ),
    seconds: Type.Number({ description: 'Seconds of training.' }),
  },
  { title: 'StageMetrics' },
);

export const StudentMetricsBody = Type.Object(
  {
    teacher: Type.Object(
      {
        accuracy: Share('Accuracy'),
        bytes,
        latencyMs,
        macroF1: Type.Optional(Share('Mean F1 of the labels')),
        calibrationError: Type.Optional(Share('Expected calibration error, 15 bins')),
        latency,
      },
      { title: 'TeacherFigures', description: 'Of several teachers: their combined answer, and sums.' },
    ),
    teachers: Type.Optional(
      Type.Array(
        Type.Object({
          name: Type.Optional(Type.String()),
          accuracy: Share('Accuracy of its own answers'),
          bytes,
          latencyMs,
          temperature: Type.Number({ description: 'What its logits were divided by before they were combined.' }),
        }),
        { description: 'Each of several teachers by itself.' },
      ),
    ),
    student: Type.Object(
      {
        accuracy: Share('Accuracy'),
        agreement: Share('Share of test texts that student and teacher answer alike'),
        bytes,
        latencyMs,
        macroF1: Share('Mean F1 of the labels'),
        klToTeacher: Type.Number({ description: 'Mean KL(teacher‖student), nats, of the answers as they are given.' }),
        uncalibratedKl: Type.Optional(
          Type.Number({ description: 'The same before the student’s logits were divided by its temperature.' }),
        ),
        calibrationError: Share('Expected calibration error, 15 bins'),
        uncalibratedError: Type.Optional(Share('The same before the temperature was fitted')),
        parameters: Count('Trainable numbers.'),
        flops: Type.Optional(
          Count('Floating point operations for one test text of median length: those of the matrix products.'),
        ),
        latency,
      },
      { title: 'StudentFigures' },
    ),
    speedup: Type.Number({ description: 'Teacher latency over student latency.' }),
    testRows: Count('Rows that were measured on, without those out of scope.'),
    bestEpoch: Count('Epoch whose weights were kept.'),
    validation: Type.Optional(
      Type.Object(
        { metric: Type.Enum(['accuracy', 'agreement']), value: Share('Its value') },
        { description: 'What the best epoch was chosen by, on the validation split.' },
      ),
    ),
    outOfScope: Type.Optional(
      Type.Object(
        {
          label: Type.String(),
          rows: Count('Test rows out of scope.'),
          teacher: OutOfScopeFiguresBody,
          student: OutOfScopeFiguresBody,
        },
        { description: 'How well the confidences tell texts of the task from others, where the test split has such.' },
      ),
    ),
    temperatures: Type.Optional(
      Type.Object(
        {
          student: Type.Number({ description: 'Those of the student.' }),
          softLabels: Type.Optional(
            Type.Number({
              description: 'Those of the teacher before they were learned from, with softLabels.calibrate.',
            }),
          ),
        },
        {
          title: 'Temperatures',
          description: 'What logits were divided by, fitted on validation rows; 1 where there was none to fit to.',
        },
      ),
    ),
    teacherQueries: Type.Optional(TeacherQueries),
    transferSet: Type.Optional(TransferSetCounts),
    stages: Type.Optional(Type.Array(StageMetricsBody, { description: 'Where it was trained in several, in order.' })),
    perClass: Type.Array(
      Type.Object({
        label: Type.String(),
        precision: Share('Precision'),
        recall: Share('Recall'),
        f1: Share('F1'),
        support: Count('Test rows of the label.'),
      }),
    ),
    confusions: Type.Array(Type.Object({ actual: Type.String(), predicted: Type.String(), count: Count('Times.') }), {
      description: 'Most frequent mistakes.',
    }),
    unseenTokens: Type.Optional(
      Type.Object(
        {
          added: Count('Tokens that the training text has not, and the student reads.'),
          fit: Type.Number({ description: 'R² of the map that made their rows, on tokens that were held out.' }),
        },
        { description: 'What the student reads beside the words of its training text.' },
      ),
    ),
    compression: Type.Optional(
      Type.Array(
        Type.Object(
          {
            step: CompressionStep,
            accepted: Type.Boolean({ description: 'Whether the packaged student has it.' }),
            reason: Type.Optional(Type.String({ description: 'Why it was not accepted.' })),
            accuracyBefore: Share('Validation accuracy before the step'),
            accuracyAfter: Share('The same after it'),
            agreement: Share('Share of validation rows that are answered as by the uncompressed student'),
            maxLogitChange: Type.Number({ description: 'Largest difference of a logit from before the step.' }),
            bytesBefore: Count('Of the graph before the step.'),
            bytes: Count('Of the graph after it.'),
            parameters: Count('Weights that are not 0, after it.'),
          },
          { title: 'CompressionRecord' },
        ),
        { description: 'Steps of compression, in order.' },
      ),
    ),
    gate: Type.Optional(
      Type.Object(
        {
          passed: Type.Boolean(),
          failures: Type.Array(
            Type.Object({
              measure: Type.Enum(['accuracy', 'agreement']),
              least: Share('What was wanted'),
              got: Share('What was measured'),
            }),
          ),
        },
        { title: 'Gate', description: 'Of one of several tasks: whether the student is what the spec asked for.' },
      ),
    ),
    float: Type.Optional(
      Type.Object(
        { accuracy: Share('Accuracy'), agreement: Share('Agreement with the teacher'), bytes, latencyMs },
        { title: 'FloatFigures', description: 'The same student in float32, where `student` is its int8 form.' },
      ),
    ),
  },
  { title: 'StudentMetrics', description: 'Measured on the test split.', additionalProperties: true },
);

/** A stored spec, of one task or of several. */
export const StoredSpec = Type.Object(
  {
    ...DistillationSpec.properties,
    // Without its default, which the answer would be filled up with: of several tasks there is none.
    outOfScope: Type.Optional(Type.String({ description: 'Label of rows that belong to no other label.' })),
    multiTask: Type.Optional(MultiTaskSettings),
  },
  {
    title: 'DistillationSpec',
    description: 'How to distil, with every default filled in; `multiTask` where the student answers several tasks.',
  },
);

const TeacherOriginBody = Type.Object({
  id: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  digest: Type.String({ description: 'Over the files that decide its answers.' }),
});

export const LineageBody = Type.Object(
  {
    dataset: Type.Object({
      id: Type.Optional(Type.String()),
      digest: Type.String({ description: 'sha256 of the canonical rows.' }),
      rows: Count('Rows.'),
    }),
    teacher: TeacherOriginBody,
    teachers: Type.Optional(
      Type.Array(TeacherOriginBody, { description: 'All teachers, where there were several; the first is `teacher`.' }),
    ),
    spec: StoredSpec,
    seed: Type.Integer(),
    codeVersion: Type.String({ description: 'Version of Retort that trained it.' }),
    distillationId: Type.Optional(Type.String()),
    tasks: Type.Optional(
      Type.Array(Type.String(), { description: 'All tasks that the student answers, where it is of several.' }),
    ),
  },
  { title: 'Lineage', description: 'Where a model comes from: enough to make it again.', additionalProperties: true },
);

export const Model = Type.Object(
  {
    id: ModelId,
    task: TaskName,
    version: Type.Integer({ minimum: 1, description: '1, 2, 3… within the task.' }),
    distillation: DistillationId,
    digest: Digest,
    bytes: Count('Size of all files.'),
    files: Type.Array(
      Type.Object({ path: Type.String(), digest: Digest, bytes: Count('Size.') }, { title: 'ModelFile' }),
    ),
    aliases: Type.Array(Type.String(), { description: 'Aliases of the task that point at it now.' }),
    lineage: LineageBody,
    metrics: StudentMetricsBody,
    createdAt: Timestamp,
  },
  { title: 'Model', description: 'A packaged student: a Hugging Face folder, with its lineage and measures.' },
);
export type ModelBody = Static<typeof Model>;

export const ModelPage = Page('ModelPage', Model);

export const AliasName = Type.String({
  pattern: '^[a-z0-9][a-z0-9_-]{0,63}$',
  description: 'Name that versions are deployed under; `/infer` answers with `champion` unless told otherwise.',
  examples: ['champion'],
});
export const AliasParams = Type.Object({ task: TaskName, alias: AliasName }, { additionalProperties: false });

export const AliasInput = Type.Object(
  {
    model: ModelId,
    expectedModel: Type.Optional(
      Nullable(
        Type.String({
          pattern: '^[A-Za-z0-9_-]{1,64}$',
          description: 'Change it only if it points at this version now (null: at none), else RT_CONFLICT.',
        }),
      ),
    ),
  },
  { title: 'AliasInput', additionalProperties: false, examples: [{ model: 'mdl_0d9e3f5a7b1c2e4f' }] },
);

export const Alias = Type.Object(
  { task: TaskName, alias: AliasName, model: ModelId, version: Type.Integer({ minimum: 1 }), updatedAt: Timestamp },
  { title: 'Alias', description: 'Which version serves under a name.' },
);
export type AliasBody = Static<typeof Alias>;
export const AliasList = Type.Object({ items: Type.Array(Alias) }, { title: 'AliasList' });

export const AliasChange = Type.Object(
  {
    id: Type.String(),
    model: ModelId,
    version: Type.Integer({ minimum: 1 }),
    previousModel: Nullable(Type.String()),
    changedBy: Type.String({ description: 'Name of the API key.' }),
    at: Timestamp,
  },
  { title: 'AliasChange', description: 'One entry of the append-only history.' },
);
export type AliasChangeBody = Static<typeof AliasChange>;
export const AliasChangePage = Page('AliasChangePage', AliasChange);
