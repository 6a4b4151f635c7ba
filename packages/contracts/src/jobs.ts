import { type Static, Type } from 'typebox';

/**
 * Queue messages carry ids only: the row in the database is the truth, a message may arrive late or twice, and a
 * processor reads the row before it does anything.
 */
const Id = Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9_-]+$' });

/** Labels one shard (`LabelShard` row) of a distillation's texts with its teacher. */
export const LabelJob = Type.Object(
  { distillationId: Id, shard: Type.Integer({ minimum: 0 }) },
  { additionalProperties: false },
);

/** Trains, evaluates and packages the student, after every shard of the distillation is labelled and its search, if any, is over. */
export const TrainJob = Type.Object({ distillationId: Id }, { additionalProperties: false });

/** Trains one candidate of a search for a distillation's spec, in one of its rungs (a `Trial` row). */
export const TrialJob = Type.Object(
  { distillationId: Id, rung: Type.Integer({ minimum: 0 }), index: Type.Integer({ minimum: 0 }) },
  { additionalProperties: false },
);

/** Fits the head of an encoder teacher on its labelled dataset. */
export const TeacherJob = Type.Object({ teacherId: Id }, { additionalProperties: false });

/** The payload schema of every queue, by queue name. */
export const JOB_SCHEMAS = { label: LabelJob, train: TrainJob, trial: TrialJob, teacher: TeacherJob } as const;

export type QueueName = keyof typeof JOB_SCHEMAS;
export type JobPayload<Q extends QueueName> = Static<(typeof JOB_SCHEMAS)[Q]>;
export type LabelJob = Static<typeof LabelJob>;
export type TrainJob = Static<typeof TrainJob>;
export type TrialJob = Static<typeof TrialJob>;
export type TeacherJob = Static<typeof TeacherJob>;

export const QUEUE_NAMES = Object.keys(JOB_SCHEMAS) as readonly QueueName[];

/**
 * A job's id derives from its payload, so that adding the same work twice is one job.
 * (BullMQ forbids `:` in ids.)
 */
export const jobId = {
  label: (job: LabelJob): string => `${job.distillationId}.${job.shard}`,
  train: (job: TrainJob): string => job.distillationId,
  trial: (job: TrialJob): string => `${job.distillationId}.${job.rung}.${job.index}`,
  teacher: (job: TeacherJob): string => job.teacherId,
} as const satisfies { [Q in QueueName]: (job: JobPayload<Q>) => string };
