import { RetortError } from '@retort/contracts';
import { type Client, type ModelVersion, toModelVersion, WITH_ALIASES } from './model-version.js';

/** @throws RetortError `RT_NOT_FOUND` */
export async function getModel(db: Client, id: string): Promise<ModelVersion> {
  const row = await db.modelVersion.findUnique({ where: { id }, include: WITH_ALIASES });
  if (row === null) throw new RetortError('RT_NOT_FOUND', `There is no model version "${id}".`);
  return toModelVersion(row);
}

export interface ListOptions {
  /** Most models to return, at least 1. */
  limit: number;
  /** Only versions below this one: the last of the page before. */
  beforeVersion?: number;
}

/** Versions of a task, latest first. */
export async function listModels(
  db: Client,
  taskName: string,
  { limit, beforeVersion }: ListOptions,
): Promise<ModelVersion[]> {
  const rows = await db.modelVersion.findMany({
    where: { taskName, ...(beforeVersion === undefined ? {} : { version: { lt: beforeVersion } }) },
    orderBy: { version: 'desc' },
    take: limit,
    include: WITH_ALIASES,
  });
  return rows.map(toModelVersion);
}
