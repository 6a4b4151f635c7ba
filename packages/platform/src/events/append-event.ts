import type { EventData, EventType } from '@retort/contracts';
import type { PrismaExecutor } from '../database/connect.js';

/**
 * Appends one event to a subject's log, in a transaction's client if it should stand or fall with other writes.
 *
 * Writers of one subject queue on an advisory lock that is taken before the id is drawn and held until commit, so the ids
 * of a subject become visible in order and `readEvents(…, lastSeen)` never misses a late one.
 *
 * @returns the event's id.
 */
export async function appendEvent<T extends EventType>(
  database: PrismaExecutor,
  subject: string,
  type: T,
  data: EventData[T],
): Promise<string> {
  const rows = await database.$queryRaw<{ id: bigint }[]>`
    WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended('retort.event.' || ${subject}, 0)))
    INSERT INTO "Event" ("subject", "type", "data")
    SELECT ${subject}, ${type}, ${JSON.stringify(data)}::jsonb FROM turn
    RETURNING "id"`;
  return rows[0]!.id.toString();
}
