import {
  type Lineage,
  type ModelFile,
  newId,
  RetortError,
  type StudentMetrics,
  type TaskLineage,
} from '@retort/contracts';
import type { Prisma } from '@retort/platform';
import { type ModelVersion, toModelVersion, WITH_ALIASES } from './model-version.js';

export interface Registration {
  distillationId: string;
  taskName: string;
  /** Its files, all of them in the artifact store. */
  files: ModelFile[];
  /** Over the files that decide its answers. */
  digest: string;
  lineage: Lineage | TaskLineage;
  metrics: StudentMetrics;
}

/**
 * Registers a finished student as the next version of its task. A distillation has one model for each of its
 * tasks: registering it again answers the first one.
 *
 * @param tx a transaction, which holds the task's row from here on, so that versions have no gaps and no doubles
 * @throws RetortError `RT_NOT_FOUND` for an unknown task
 */
export async function registerModelVersion(
  tx: Prisma.TransactionClient,
  registration: Registration,
): Promise<ModelVersion> {
  const { distillationId, taskName, digest, files, lineage, metrics } = registration;
  const locked = await tx.$queryRaw<unknown[]>`SELECT 1 FROM "Task" WHERE "name" = ${taskName} FOR NO KEY UPDATE`;
  if (locked.length === 0) throw new RetortError('RT_NOT_FOUND', `There is no task "${taskName}".`);
  const known = await tx.modelVersion.findUnique({
    where: { distillationId_taskName: { distillationId, taskName } },
    include: WITH_ALIASES,
  });
  if (known !== null) return toModelVersion(known);
  const { _max: latest } = await tx.modelVersion.aggregate({ where: { taskName }, _max: { version: true } });
  const row = await tx.modelVersion.create({
    data: {
      id: newId('model'),
      taskName,
      version: (latest.version ?? 0) + 1,
      distillationId,
      digest,
      files: files as unknown as Prisma.InputJsonValue,
      lineage: lineage as unknown as Prisma.InputJsonValue,
      metrics: metrics as unknown as Prisma.InputJsonValue,
    },
    include: WITH_ALIASES,
  });
  return toModelVersion(row);
}
