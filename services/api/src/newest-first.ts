import { decodeCursor, type Position } from '@retort/http';

/** Lists go from the newest row to the oldest; the id breaks ties of one millisecond. */
export const NEWEST_FIRST = [{ createdAt: 'desc' }, { id: 'desc' }] as const;

/** The `where` of the rows after a cursor of such a list; empty for the first page. */
export function after(cursor: string | undefined) {
  if (cursor === undefined) return {};
  const [time, id] = decodeCursor(cursor, ['number', 'string']) as readonly [number, string];
  const createdAt = new Date(Math.min(Math.max(time, 0), LAST_INSTANT));
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] };
}

/** The position of a row in such a list. */
export function positionOf({ createdAt, id }: { createdAt: Date; id: string }): Position {
  return [createdAt.getTime(), id];
}

/** Year 9999: later ones are written in a form that PostgreSQL does not read. */
const LAST_INSTANT = 253_402_300_799_999;
