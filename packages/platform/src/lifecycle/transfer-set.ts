import type { TransferSetCounts } from '@retort/contracts';
import type { Database } from '../database/connect.js';
import { Prisma } from '../generated/prisma/client.js';
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
 * Notes how labelling ended: the questions that were asked and the answers that the cache had, of all teachers, and what was kept of the
 * transfer set. Does nothing where the claim is void.
 */
export async function noteLabelled(
  { prisma }: Prismas,
  claim: Claim,
  selected: Required<Pick<TransferSetCounts, 'filtered' | 'kept'>> | undefined,
): Promise<void> {
  const kept =
    selected === undefined
      ? Prisma.sql`"transferSet"`
      : Prisma.sql`jsonb_set("transferSet", '{counts}', "transferSet"->'counts' || ${JSON.stringify(selected)}::jsonb)`;
  // The generation asked the first teacher before the shards did, which then found those answers in the cache.
  await prisma.$executeRaw`
    UPDATE "Distillation"
       SET "teacherQueries" = "teacherQueries" || jsonb_build_object('made', queries.made, 'cached', queries.needed - queries.made),
           "transferSet" = ${kept}
      FROM (SELECT (SUM(COALESCE("asked", 0)) + COALESCE((SELECT ("transferSet"->>'asked')::int FROM "Distillation"
                     WHERE "id" = ${claim.id}), 0))::int AS made,
                   (SUM("end" - "start") * (1 + (SELECT COUNT(*) FROM "FurtherTeacher"
                     WHERE "distillationId" = ${claim.id})))::int AS needed
              FROM "LabelShard" WHERE "distillationId" = ${claim.id}) AS queries
     WHERE "id" = ${claim.id} AND ${held(claim)}`;
}
