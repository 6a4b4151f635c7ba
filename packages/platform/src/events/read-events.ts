import type { EventData, EventType, RetortEvent } from '@retort/contracts';
import type { PrismaExecutor } from '../database/connect.js';

/**
 * The events of a subject after `afterId` (a decimal integer as in `Last-Event-ID`; anything else counts as 0), oldest
 * first, at most `limit` (default 200).
 */
export async function readEvents(
  database: PrismaExecutor,
  subject: string,
  afterId = '0',
  limit = 200,
): Promise<RetortEvent[]> {
  const after = /^\d{1,18}$/.test(afterId) ? BigInt(afterId) : 0n;
  const rows = await database.$queryRaw<{ id: bigint; type: EventType; data: EventData[EventType]; at: Date }[]>`
    SELECT "id", "type", "data", "at" FROM "Event"
     WHERE "subject" = ${subject} AND "id" > ${after} ORDER BY "id" LIMIT ${limit}`;
  return rows.map((row) => ({
    id: row.id.toString(),
    subject,
    type: row.type,
    data: row.data,
    at: row.at.toISOString(),
  }));
}
