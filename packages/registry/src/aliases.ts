import { RetortError } from '@retort/contracts';
import type { Database } from '@retort/platform';
import { type Client, type ModelVersion, toModelVersion, WITH_ALIASES } from './model-version.js';
import { getModel } from './models.js';

/** The alias that `/infer` follows unless told otherwise. */
export const CHAMPION = 'champion';

/** Where an alias points. */
export interface AliasTarget {
  taskName: string;
  alias: string;
  modelId: string;
  version: number;
  updatedAt: Date;
}

/** One entry of the append-only history. */
export interface AliasHistoryEntry {
  id: bigint;
  modelId: string;
  version: number;
  previousModelId: string | null;
  changedBy: string;
  at: Date;
}

export interface SetAliasOptions {
  taskName: string;
  alias: string;
  modelId: string;
  /** Change it only if it points at this model now; null: only if it points at none. Left out: whatever it says. */
  expectedModelId?: string | null;
  /** Who asked, for the history. */
  changedBy: string;
}

/**
 * Points an alias at a model version and writes that into its history. Setting what is set already changes nothing.
 *
 * @throws RetortError `RT_NOT_FOUND` for an unknown model, or one of another task; `RT_CONFLICT` where `expectedModelId`
 * is not what the alias points at
 */
export async function setAlias({ prisma }: Pick<Database, 'prisma'>, options: SetAliasOptions): Promise<AliasTarget> {
  const { taskName, alias, modelId, expectedModelId, changedBy } = options;
  return prisma.$transaction(async (tx) => {
    const model = await getModel(tx, modelId);
    if (model.taskName !== taskName) {
      throw new RetortError(
        'RT_NOT_FOUND',
        `Model version "${modelId}" is of the task "${model.taskName}", not "${taskName}".`,
      );
    }
    // The first PUT of an alias has no row to lock, so all changes of a task's aliases queue on the task.
    await tx.$queryRaw`SELECT 1 FROM "Task" WHERE "name" = ${taskName} FOR NO KEY UPDATE`;
    const current = await tx.alias.findUnique({ where: { taskName_alias: { taskName, alias } } });
    const previousModelId = current?.modelId ?? null;
    if (expectedModelId !== undefined && expectedModelId !== previousModelId) {
      const now = previousModelId === null ? 'at no model' : `at "${previousModelId}"`;
      throw new RetortError(
        'RT_CONFLICT',
        `The alias "${alias}" points ${now}, not at ${JSON.stringify(expectedModelId)}.`,
      );
    }
    if (current !== null && previousModelId === modelId) return { ...current, version: model.version };
    const target = await tx.alias.upsert({
      where: { taskName_alias: { taskName, alias } },
      create: { taskName, alias, modelId },
      update: { modelId },
    });
    await tx.aliasChange.create({ data: { taskName, alias, modelId, previousModelId, changedBy } });
    return { ...target, version: model.version };
  });
}

/** The aliases of a task, by name. */
export async function listAliases(db: Client, taskName: string): Promise<AliasTarget[]> {
  const rows = await db.alias.findMany({
    where: { taskName },
    orderBy: { alias: 'asc' },
    include: { model: { select: { version: true } } },
  });
  return rows.map(({ model, ...row }) => ({ ...row, version: model.version }));
}

/** The model version that an alias points at; undefined where it points at none. */
export async function resolveAlias(db: Client, taskName: string, alias: string): Promise<ModelVersion | undefined> {
  const row = await db.alias.findUnique({
    where: { taskName_alias: { taskName, alias } },
    include: { model: { include: WITH_ALIASES } },
  });
  return row === null ? undefined : toModelVersion(row.model);
}

/** Who served under an alias and since when, latest first. */
export async function aliasHistory(
  db: Client,
  taskName: string,
  alias: string,
  { limit, beforeId }: { limit: number; beforeId?: bigint },
): Promise<AliasHistoryEntry[]> {
  const rows = await db.aliasChange.findMany({
    where: { taskName, alias, ...(beforeId === undefined ? {} : { id: { lt: beforeId } }) },
    orderBy: { id: 'desc' },
    take: limit,
    include: { model: { select: { version: true } } },
  });
  return rows.map(({ id, modelId, previousModelId, changedBy, at, model }) => {
    return { id, modelId, version: model.version, previousModelId, changedBy, at };
  });
}
