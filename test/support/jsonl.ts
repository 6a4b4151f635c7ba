import type { Row } from '@retort/contracts';

/** Headers of a request whose body is JSON Lines. */
export const JSONL = { 'content-type': 'application/x-ndjson' };

export const jsonl = (rows: readonly (Partial<Row> | object)[]): string =>
  rows.map((row) => `${JSON.stringify(row)}\n`).join('');
