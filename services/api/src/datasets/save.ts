import { createHash } from 'node:crypto';
import { RetortError } from '@retort/contracts';
import type { Database, Prisma } from '@retort/platform';
import type { Ingested } from './ingest.js';

type Dataset = Prisma.DatasetGetPayload<object>;

/** The id of these bytes as a dataset of this task. */
function datasetId(taskName: string, digest: string): string {
  return `ds_${createHash('sha256').update(`${taskName}\n${digest}`).digest('hex').slice(0, 24)}`;
}

/**
 * Writes the row of an ingested dataset, and the task's labels where this is the first to name any.
 *
 * @returns the row, and whether it is new: the same bytes were uploaded before otherwise
 * @throws RetortError `RT_CONFLICT` where another upload named other labels meanwhile, `RT_NOT_FOUND` for the task
 */
export async function saveDataset(
  { prisma }: Pick<Database, 'prisma'>,
  taskName: string,
  { upload, rows, tally }: Ingested,
): Promise<{ dataset: Dataset; created: boolean }> {
  const id = datasetId(taskName, upload.digest);
  return prisma.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Task" WHERE "name" = ${taskName} FOR NO KEY UPDATE`;
    const task = await tx.task.findUnique({ where: { name: taskName } });
    if (task === null) throw new RetortError('RT_NOT_FOUND', `There is no task "${taskName}".`);
    const known = await tx.dataset.findUnique({ where: { id } });
    if (known !== null) return { dataset: known, created: false };
    const { labels } = tally;
    if (task.labels.length === 0 && labels.length > 0)
      await tx.task.update({ where: { name: taskName }, data: { labels } });
    else if (labels.some((label) => !task.labels.includes(label))) {
      throw new RetortError(
        'RT_CONFLICT',
        'Another dataset gave the task its labels while this one was uploaded; upload it again.',
      );
    }
    const { count: rejectedCount, samples } = tally.rejected();
    const dataset = await tx.dataset.create({
      data: {
        id,
        taskName,
        digest: upload.digest,
        rowsDigest: rows.digest,
        bytes: upload.bytes,
        rows: tally.rows,
        counts: tally.counts(),
        rejectedCount,
        rejected: samples,
        duplicates: tally.duplicates(),
      },
    });
    return { dataset, created: true };
  });
}
