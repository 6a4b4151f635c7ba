import { RetortError } from '@retort/contracts';

/** Where a page ended: the sort key of its last item. */
export type Position = readonly (string | number)[];

/** An opaque `cursor` for a position. */
export function encodeCursor(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/**
 * The position that a cursor stands for, checked against the shape that this list uses.
 *
 * @param shape what `typeof` each part must be
 * @throws RetortError `RT_INVALID_FIELD` for anything that {@link encodeCursor} did not make for a list of this shape
 */
export function decodeCursor(cursor: string, shape: readonly ('string' | 'number')[]): Position {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    value = undefined;
  }
  const parts = Array.isArray(value) ? value : [];
  const fits = parts.length === shape.length && shape.every((type, i) => typeof parts[i] === type && isPlain(parts[i]));
  if (!fits) {
    throw new RetortError('RT_INVALID_FIELD', 'The cursor is not one that this list gave.', {
      problems: [{ path: '/cursor', message: 'is not a nextCursor of this list' }],
    });
  }
  return parts;
}

function isPlain(part: string | number): boolean {
  return typeof part === 'number' ? Number.isSafeInteger(part) : part.isWellFormed() && !part.includes('\0');
}

/**
 * Cuts the one surplus item that a query for `limit + 1` brought, and says where the next page begins.
 *
 * @param positionOf the sort key of an item
 */
export function pageOf<T>(
  rows: T[],
  limit: number,
  positionOf: (row: T) => Position,
): { items: T[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(positionOf(last)) : null };
}
