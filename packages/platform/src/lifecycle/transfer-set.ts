import type { Labelling, TeacherQueries, TransferSetCounts } from '@retort/contracts';
import type { Database } from '../database/connect.js';
import { type Claim, held } from './end.js';

type Prismas = Pick<Database, 'prisma'>;

/** `Distillation.transferSet`: the generated texts, once a labeler has made them. */
export interface StoredTransferSet {
  /** Artifact of the generated rows as canonical JSONL. They follow those of the data set in the shards. */
  digest: string;
  /** How many there are. */
  rows: number;
  /** How many there were after each round of the generation; absent where an earlier version made them. */
  rounds?: number[];
  /** Questions to the teacher that the generation took by itself. */
  asked: number;
  counts: TransferSetCounts;
}

/** The transfer set of a distillation; undefined until it is made. */
export async function findTransferSet({ prisma }: Prismas, id: string): Promise<StoredTransferSet | undefined> {
  const row = await prisma.distillation.findUnique({ where: { id }, select: { transferSet: true } });
  return (row?.transferSet ?? undefined) as StoredTransferSet | undefined;
}

/**
 * Notes the transfer set on the distillation, and cuts the shards, which were planned for the most that there could be, to the rows that
 * there are. The first to come is kept: all that make it make the same.
 *
 * @param rows of the data set
 */
export async function noteTransferSet(
  { prisma }: Prismas,
  { id, rows }: { id: string; rows: number },
  set: StoredTransferSet,
): Promise<void> {
  const end = rows + set.rows;
  await prisma.$transaction(async (tx) => {
    const noted = await tx.$executeRaw`
      UPDATE "Distillation" SET "transferSet" = ${JSON.stringify(set)}::jsonb
       WHERE "id" = ${id} AND "transferSet" IS NULL AND "status" = 'running'`;
    if (noted === 0) return;
    await tx.$executeRaw`
      UPDATE "LabelShard" SET "end" = GREATEST("start", LEAST("end", ${end}))
       WHERE "distillationId" = ${id} AND "end" > ${end}`;
  });
}

/**
 * What the labelling of a distillation came to, once all of its shards are done: the questions that were asked and the answers that the cache
 * had, of all teachers, and the counts of the transfer set.
 */
export async function labellingOf({ prisma }: Prismas, id: string): Promise<Labelling> {
  const select = { teacherQueries: true, transferSet: true, _count: { select: { furtherTeachers: true } } };
  const [row, shards] = await Promise.all([
    prisma.distillation.findUniqueOrThrow({ where: { id }, select }),
    prisma.labelShard.findMany({ where: { distillationId: id }, select: { start: true, end: true, asked: true } }),
  ]);
  const set = row.transferSet as unknown as StoredTransferSet | null;
  const planned = row.teacherQueries as unknown as TeacherQueries | null;
  // The generation asked the first teacher before the shards did, which then found those answers in the cache.
  const made = shards.reduce((sum, { asked }) => sum + (asked ?? 0), set?.asked ?? 0);
  const needed = shards.reduce((sum, { start, end }) => sum + end - start, 0) * (1 + row._count.furtherTeachers);
  return {
    ...(planned && { teacherQueries: { ...planned, made, cached: needed - made } }),
    ...(set && { transferSet: set.counts }),
  };
}

/** Notes what labelling came to, and what was kept of the transfer set. Does nothing where the claim is void. */
export async function noteLabelled(
  { prisma }: Prismas,
  claim: Claim,
  { teacherQueries, transferSet }: Labelling,
): Promise<void> {
  const counts = transferSet && JSON.stringify(transferSet);
  const queries = teacherQueries && JSON.stringify(teacherQueries);
  await prisma.$executeRaw`
    UPDATE "Distillation"
       SET "teacherQueries" = COALESCE(${queries ?? null}::jsonb, "teacherQueries"),
           "transferSet" = CASE WHEN ${counts ?? null}::jsonb IS NULL THEN "transferSet"
                           ELSE jsonb_set("transferSet", '{counts}', ${counts ?? null}::jsonb) END
     WHERE "id" = ${claim.id} AND ${held(claim)}`;
}
