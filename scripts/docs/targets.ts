import type { DataName } from '../../test/bench/distill/data-sets.ts';

/** What the students are meant to reach. Shares of the test split, means of three seeds. */
export const ACCURACY_TARGETS: Partial<Record<DataName, { teacher: number; static: number; encoder: number }>> = {
  clinc150: { teacher: 0.965, static: 0.95, encoder: 0.96 },
  banking77: { teacher: 0.935, static: 0.918, encoder: 0.928 },
};

/** Times as fast as MiniLM, and at most this share of its bytes (an encoder's after int8). */
export const SPEED_TARGETS = {
  static: { one: 25, batch32: 60, bytes: 1 / 10 },
  encoder: { one: 12, batch32: 15, bytes: 1 / 20 },
} as const;
