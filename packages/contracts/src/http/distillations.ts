import { type Static, Type } from 'typebox';
import { MOST_TEACHERS } from '../specs/ensemble-spec.js';
import { MultiTaskSettings, TASKS } from '../specs/multi-task-spec.js';
import { DistillationSpecInput } from '../specs/spec.js';
import { TeacherQueries, TransferSetCounts } from '../specs/transfer-set-spec.js';
import { STAGES, STATUSES } from '../stages.js';
import { TaskName } from '../task-name.js';
import {
  Count,
  DatasetId,
  DistillationId,
  Nullable,
  Page,
  PageQuery,
  StoredError,
  TeacherId,
  Timestamp,
} from './common.js';
import { StoredSpec, StudentMetricsBody } from './models.js';

export const DistillationParams = Type.Object({ distillation: DistillationId }, { additionalProperties: false });

/** One of several tasks for one student. */
export const TaskOfInput = Type.Object(
  { task: TaskName, dataset: DatasetId, teacher: TeacherId },
  { title: 'TaskOfDistillationInput', additionalProperties: false },
);

export type TaskOfInput = Static<typeof TaskOfInput>;

/** `spec` is checked by `resolveSpec` or `resolveMultiTaskSpec`, with every problem at once, so any object is let through to it here. */
export const DistillationInput = Type.Object(
  {
    task: Type.Optional(TaskName),
    dataset: Type.Optional(DatasetId),
    teacher: Type.Optional(TeacherId),
    teachers: Type.Optional(
      Type.Array(TeacherId, {
        minItems: 1,
        maxItems: MOST_TEACHERS,
        description:
          'Instead of `teacher`: several, whose answers `spec.ensemble` combines. Features and first weights are those of the first.',
      }),
    ),
    tasks: Type.Optional(
      Type.Array(TaskOfInput, {
        minItems: TASKS.least,
        maxItems: TASKS.most,
        description:
          'Instead of `task`, `dataset` and `teacher`: several tasks, each with a teacher of its own, for one student with a head for each. ' +
          'An encoder student reads the tokens of the first task’s teacher.',
      }),
    ),
    spec: Type.Optional(
      Type.Object(
        { ...DistillationSpecInput.properties, multiTask: Type.Optional(Type.Partial(MultiTaskSettings)) },
        { additionalProperties: false },
      ),
    ),
  },
  {
    title: 'DistillationInput',
    additionalProperties: false,
    examples: [
      {
        task: 'assistant',
        dataset: 'ds_1f0c8a5c6f0e4b7d9a3e2c41',
        teacher: 'tch_5b8e1d0a7c3f4e2b',
        spec: {
          student: { family: 'static' },
          loss: { lambda: 0.3, temperature: 2 },
          training: { epochs: 30, seed: 1 },
        },
      },
    ],
  },
);
export type DistillationInput = Static<typeof DistillationInput>;

export const SubmitHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      pattern: '^[\\x21-\\x7e]{1,200}$',
      description:
        'A submission repeated with the same key and body answers the first one’s job (200) instead of a second.',
    }),
  ),
});

export const ProgressBody = Type.Object(
  {
    stage: Type.Enum([...STAGES]),
    done: Type.Number({ description: 'Units done (texts, steps, files).' }),
    total: Type.Number(),
    ratePerSecond: Type.Number(),
    secondsLeft: Nullable(Type.Number()),
    note: Type.Optional(Type.String()),
  },
  { title: 'Progress' },
);

const TaskOfDistillation = Type.Object(
  {
    task: TaskName,
    dataset: DatasetId,
    teacher: TeacherId,
    metrics: Nullable(StudentMetricsBody),
    model: Nullable(Type.String({ description: 'Id of the model version of this task; all have the same files.' })),
  },
  { title: 'TaskOfDistillation', description: 'One of the tasks that the student of a job answers.' },
);

export const Distillation = Type.Object(
  {
    id: DistillationId,
    task: TaskName,
    dataset: DatasetId,
    teacher: TeacherId,
    teachers: Type.Array(TeacherId, { description: 'All teachers of the task, `teacher` first.' }),
    tasks: Type.Optional(
      Type.Array(TaskOfDistillation, {
        description:
          'Where the student answers several: all of them. `task`, `dataset`, `teacher`, `metrics` and `model` are of the first.',
      }),
    ),
    spec: StoredSpec,
    status: Type.Enum([...STATUSES]),
    stage: Nullable(Type.Enum([...STAGES])),
    progress: Nullable(ProgressBody),
    teacherQueries: Nullable(TeacherQueries),
    transferSet: Nullable(TransferSetCounts),
    metrics: Nullable(StudentMetricsBody),
    error: Nullable(StoredError),
    attempt: Count('Times that a worker began it.'),
    cancelRequested: Type.Boolean(),
    model: Nullable(Type.String({ description: 'Id of the model version it made.' })),
    createdAt: Timestamp,
    startedAt: Nullable(Timestamp),
    finishedAt: Nullable(Timestamp),
  },
  { title: 'Distillation', description: 'One job: soft labels, training, evaluation, packaging.' },
);
export type DistillationBody = Static<typeof Distillation>;

export const DistillationPage = Page('DistillationPage', Distillation);

export const DistillationQuery = Type.Object(
  {
    ...PageQuery.properties,
    task: Type.Optional(TaskName),
    status: Type.Optional(Type.Enum([...STATUSES])),
  },
  { additionalProperties: false },
);

const TrialMeasuresBody = Type.Object(
  {
    value: Type.Number({ description: 'The metric of the search, 0..1, on the validation rows.' }),
    rows: Count('Validation rows that it was measured on.'),
    loss: Type.Number({ description: 'Mean KL(teacher‖student), nats.' }),
    epochs: Count('Epochs that it was to train for.'),
    bytes: Count('Bytes of the files needed to answer.'),
    latencyMs: Type.Number({ description: 'Median for one text, one thread, tokenizer included.' }),
    speedup: Type.Number({ description: 'Teacher latency over student latency, measured in turns.' }),
  },
  { title: 'TrialMeasures', description: 'Measured on the validation rows.' },
);

export const Trial = Type.Object(
  {
    rung: Type.Integer({
      minimum: 0,
      description: 'Round of the search; a candidate that was promoted has a trial in each.',
    }),
    index: Type.Integer({ minimum: 0, description: 'Of the candidate.' }),
    varied: Type.Object(
      {},
      {
        additionalProperties: true,
        description: 'What the search set, by JSON pointer into the spec; of "auto", the student.',
      },
    ),
    status: Type.Enum(['queued', 'running', 'succeeded', 'failed'], {
      description: 'failed: it diverged, was stopped when the minutes were used up, or its worker died too often.',
    }),
    attempt: Count('Times that a worker began it.'),
    seconds: Nullable(Type.Number({ description: 'Wall seconds that it took.' })),
    measured: Nullable(TrialMeasuresBody),
    error: Nullable(Type.String({ description: 'Why it failed.' })),
    startedAt: Nullable(Timestamp),
    finishedAt: Nullable(Timestamp),
  },
  { title: 'Trial', description: 'One training of a search for the spec.' },
);
export type TrialBody = Static<typeof Trial>;

/** A search has at most some 300 trials, so they come at once. */
export const TrialList = Type.Object({ items: Type.Array(Trial) }, { title: 'TrialList' });

export const EventHeaders = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      pattern: '^[0-9]{1,18}$',
      description: 'Id of the last event that was received: the stream goes on after it.',
    }),
  ),
});

/** What `data:` of one server-sent event holds; `event:` is its type and `id:` what `Last-Event-ID` takes. */
export const DistillationEvent = Type.Object(
  {
    type: Type.Enum(['status', 'progress', 'metrics', 'error']),
    at: Timestamp,
    data: Type.Object({}, { additionalProperties: true }),
  },
  { title: 'DistillationEvent' },
);
