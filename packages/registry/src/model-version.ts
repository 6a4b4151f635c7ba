import type { Lineage, ModelFile, StudentMetrics, TaskLineage } from '@retort/contracts';
import type { Database, Prisma } from '@retort/platform';

/** The client of the database, or of a running transaction. */
export type Client = Database['prisma'] | Prisma.TransactionClient;

/** A registered student. Nothing of it but `aliases` ever changes. */
export interface ModelVersion {
  id: string;
  taskName: string;
  /** 1, 2, 3… within the task. */
  version: number;
  distillationId: string;
  /** Over the files that decide its answers. */
  digest: string;
  files: ModelFile[];
  lineage: Lineage | TaskLineage;
  metrics: StudentMetrics;
  /** Aliases of the task that point at it now, sorted. */
  aliases: string[];
  createdAt: Date;
}

/** What a query must bring along for {@link toModelVersion}. */
export const WITH_ALIASES = { aliases: { select: { alias: true } } } as const;

type Row = Prisma.ModelVersionGetPayload<{ include: typeof WITH_ALIASES }>;

export function toModelVersion({ files, lineage, metrics, aliases, ...row }: Row): ModelVersion {
  return {
    ...row,
    files: files as unknown as ModelFile[],
    lineage: lineage as unknown as ModelVersion['lineage'],
    metrics: metrics as unknown as StudentMetrics,
    aliases: aliases.map(({ alias }) => alias).sort(),
  };
}
