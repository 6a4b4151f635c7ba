import type { LatencyFigures, Percentiles } from '@retort/contracts';

/** Something that answers texts all at once. */
export type Answer = (texts: string[]) => Promise<unknown>;

const ROUNDS = 3;
/** Of single texts and of batches: by then memory is planned and code compiled. */
const WARM_UP = { one: 20, batch32: 2 };
const BATCH = 32;
/** Batches of one round. */
const BATCHES = 4;

/**
 * Measures how long models take for one text and for 32. They are asked in turns, text by text, so that a machine that is slow
 * for a while is slow for all of them and the ratios hold.
 *
 * @param texts what to ask, at least one; where there are too few for the batches they come again
 */
export async function measureLatencies(models: readonly Answer[], texts: readonly string[]): Promise<LatencyFigures[]> {
  const single = texts.map((text) => [text]);
  const batches = Array.from({ length: BATCHES }, (_, batch) =>
    Array.from({ length: BATCH }, (_, i) => texts[(batch * BATCH + i) % texts.length]),
  );
  const one = await inTurns(models, single, WARM_UP.one);
  const batch32 = await inTurns(models, batches, WARM_UP.batch32);
  return models.map((_, m) => ({ one: percentiles(one[m]), batch32: percentiles(batch32[m]) }));
}

/** Milliseconds of every call, by model. */
async function inTurns(models: readonly Answer[], calls: string[][], warmUp: number): Promise<number[][]> {
  for (let i = 0; i < warmUp; i++) for (const answer of models) await answer(calls[i % calls.length]);
  const samples: number[][] = models.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const texts of calls) {
      for (const [m, answer] of models.entries()) {
        const begun = performance.now();
        await answer(texts);
        samples[m].push(performance.now() - begun);
      }
    }
  }
  return samples;
}

/** By nearest rank: the smallest value that the given share of all values do not exceed. Of 12 values the 99th is the largest. */
function percentiles(values: number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1];
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
