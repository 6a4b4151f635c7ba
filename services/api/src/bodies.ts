import {
  type MultiTaskSpec,
  type Progress,
  resolveFineTuneSpec,
  type StoredTeacherManifest,
  type StudentMetrics,
} from '@retort/contracts';
import type {
  AliasBody,
  AliasChangeBody,
  DatasetBody,
  DistillationBody,
  KeyBody,
  ModelBody,
  TaskBody,
  TeacherBody,
  TrialBody,
} from '@retort/contracts/http';
import { storedMultiTaskSpec, storedSpec } from '@retort/distill';
import type { ApiKeyInfo, Prisma, StoredTransferSet, TrialOutcome } from '@retort/platform';
import type { AliasHistoryEntry, AliasTarget, ModelVersion } from '@retort/registry';
import type { WITH_RELATED } from './distillations/with-related.js';

/** Rows of the database as the bodies that the HTTP API answers with. */

type Row<Name extends keyof Payloads> = Payloads[Name];
interface Payloads {
  task: Prisma.TaskGetPayload<object>;
  dataset: Prisma.DatasetGetPayload<object>;
  teacher: Prisma.TeacherGetPayload<object>;
  distillation: Prisma.DistillationGetPayload<{ include: typeof WITH_RELATED }>;
  trial: Prisma.TrialGetPayload<object>;
}

export function taskBody({ name, description, labels, createdAt, updatedAt }: Row<'task'>): TaskBody {
  return {
    name,
    kind: 'classification',
    description,
    labels,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

export function datasetBody(row: Row<'dataset'>): DatasetBody {
  return {
    id: row.id,
    task: row.taskName,
    digest: row.digest,
    bytes: Number(row.bytes),
    rows: row.rows,
    counts: row.counts as DatasetBody['counts'],
    rejected: { count: row.rejectedCount, samples: row.rejected as DatasetBody['rejected']['samples'] },
    duplicates: row.duplicates as DatasetBody['duplicates'],
    createdAt: row.createdAt.toISOString(),
  };
}

export function teacherBody(row: Row<'teacher'>): TeacherBody {
  const { source, head, train } = row.manifest as unknown as StoredTeacherManifest;
  const { modelFile, files, inputs, outputs, tokenizer, embedding } = source;
  return {
    id: row.id,
    name: row.name,
    kind: row.kind as TeacherBody['kind'],
    status: row.status as TeacherBody['status'],
    task: row.taskName,
    head: head ?? null,
    train:
      train === undefined
        ? null
        : { dataset: train.dataset, seed: train.seed, ...resolveFineTuneSpec(), ...train.spec },
    digest: row.digest,
    labels: row.labels,
    manifest: { modelFile, files, inputs, outputs, tokenizer, ...(embedding === undefined ? {} : { embedding }) },
    progress: row.progress as TeacherBody['progress'],
    metrics: row.metrics as TeacherBody['metrics'],
    error: row.error as TeacherBody['error'],
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

export function distillationBody(row: Row<'distillation'>): DistillationBody {
  return {
    id: row.id,
    task: row.taskName,
    dataset: row.datasetId,
    teacher: row.teacherId,
    teachers: [row.teacherId, ...row.furtherTeachers.map(({ teacherId }) => teacherId)],
    ...(row.furtherTasks.length > 0 ? { tasks: tasksBody(row) } : {}),
    spec: shownSpec(row.spec),
    status: row.status as DistillationBody['status'],
    stage: row.stage as DistillationBody['stage'],
    progress: row.progress as unknown as Progress as DistillationBody['progress'],
    teacherQueries: row.teacherQueries as DistillationBody['teacherQueries'],
    transferSet: (row.transferSet as StoredTransferSet | null)?.counts ?? null,
    metrics: row.metrics as unknown as StudentMetrics | null,
    error: row.error as DistillationBody['error'],
    attempt: row.attempt,
    cancelRequested: row.cancelRequestedAt !== null,
    model: modelOf(row, row.taskName),
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}

/** All tasks of a job of several. */
function tasksBody(row: Row<'distillation'>): DistillationBody['tasks'] {
  return [row, ...row.furtherTasks].map(({ taskName, datasetId, teacherId, metrics }) => ({
    ...{ task: taskName, dataset: datasetId, teacher: teacherId },
    metrics: metrics as unknown as StudentMetrics | null,
    model: modelOf(row, taskName),
  }));
}

function modelOf({ models }: Row<'distillation'>, task: string): string | null {
  return models.find(({ taskName }) => taskName === task)?.id ?? null;
}

/** A spec as it was stored, perhaps by an earlier version, in its present form. */
function shownSpec(stored: unknown): DistillationBody['spec'] {
  const several = typeof stored === 'object' && stored !== null && 'multiTask' in stored;
  return several ? storedMultiTaskSpec(stored as MultiTaskSpec) : storedSpec(stored);
}

export function trialBody({ rung, index, varied, attempt, result, startedAt, doneAt }: Row<'trial'>): TrialBody {
  const outcome = result as TrialOutcome | null;
  const ended = outcome?.measured === undefined ? 'failed' : 'succeeded';
  const open = startedAt === null ? 'queued' : 'running';
  return {
    rung,
    index,
    varied: varied as Record<string, unknown>,
    status: outcome === null ? open : ended,
    attempt,
    seconds: outcome?.seconds ?? null,
    measured: outcome?.measured ?? null,
    error: outcome?.error ?? null,
    startedAt: startedAt?.toISOString() ?? null,
    finishedAt: doneAt?.toISOString() ?? null,
  };
}

export function modelBody(model: ModelVersion): ModelBody {
  const { id, taskName, version, distillationId, digest, files, aliases, lineage, metrics, createdAt } = model;
  return {
    id,
    task: taskName,
    version,
    distillation: distillationId,
    digest,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    files,
    aliases,
    lineage: { ...lineage, spec: shownSpec(lineage.spec) },
    metrics,
    createdAt: createdAt.toISOString(),
  };
}

export function aliasBody({ taskName, alias, modelId, version, updatedAt }: AliasTarget): AliasBody {
  return { task: taskName, alias, model: modelId, version, updatedAt: updatedAt.toISOString() };
}

export function aliasChangeBody(entry: AliasHistoryEntry): AliasChangeBody {
  const { id, modelId, version, previousModelId, changedBy, at } = entry;
  return {
    id: id.toString(),
    model: modelId,
    version,
    previousModel: previousModelId,
    changedBy,
    at: at.toISOString(),
  };
}

export function keyBody({ id, name, scopes, createdAt, lastUsedAt, revokedAt }: ApiKeyInfo): KeyBody {
  return {
    id,
    name,
    scopes,
    createdAt: createdAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    revokedAt: revokedAt?.toISOString() ?? null,
  };
}
