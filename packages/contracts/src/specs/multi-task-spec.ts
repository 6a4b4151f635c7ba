import { type Static, Type } from 'typebox';
import { TaskName } from '../task-name.js';
import { CompressionSpec } from './compression-spec.js';
import { LossSpec } from './loss-spec.js';
import { TrainingSpec } from './spec.js';
import { StudentSpec } from './student-spec.js';

/** How many tasks one student may answer. */
export const TASKS = { least: 2, most: 8 } as const;

const Least = (what: string) =>
  Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: `Least ${what}; below it the gate is failed.` }));

/** What is wanted of one of the tasks. */
const TaskSettings = Type.Object(
  {
    weight: Type.Optional(
      Type.Number({ minimum: 0.01, maximum: 100, description: 'Factor on the loss of its rows; default 1.' }),
    ),
    minAccuracy: Least('accuracy on the test split'),
    minAgreement: Least('agreement with the teacher on the test split'),
  },
  { additionalProperties: false },
);

export const MultiTaskSettings = Type.Object(
  {
    sampling: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 1,
      description:
        'Exponent α: an epoch has rows of a task in proportion to (its rows)^α. 1: every row once; 0: as many of each task, those of small ones several times.',
    }),
    tasks: Type.Record(TaskName, TaskSettings, {
      maxProperties: TASKS.most,
      default: {},
      description: 'By the name of the task.',
    }),
  },
  { additionalProperties: false },
);

/** How to distil several tasks into one student: the sections that go with them, with every default filled in. */
export const MultiTaskSpec = Type.Object(
  {
    student: StudentSpec,
    loss: LossSpec,
    training: TrainingSpec,
    multiTask: MultiTaskSettings,
    /** `quantize` alone. */
    compression: Type.Optional(CompressionSpec),
  },
  { additionalProperties: false },
);
export type MultiTaskSpec = Static<typeof MultiTaskSpec>;
