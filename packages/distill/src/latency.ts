/** Something that answers one text. */
export type AnswerOne = (text: string) => Promise<unknown>;

const WARM_UP = 20;
const ROUNDS = 3;

/**
 * Median milliseconds that each model takes for one text. The models are asked in turns, text by text, so that a machine
 * that is slow for a while is slow for all of them and the ratio holds.
 *
 * @param texts what to ask; at least one
 */
export async function medianLatencies(models: AnswerOne[], texts: string[]): Promise<number[]> {
  for (let i = 0; i < WARM_UP; i++) for (const answer of models) await answer(texts[i % texts.length]);
  const samples: number[][] = models.map(() => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const text of texts) {
      for (const [m, answer] of models.entries()) {
        const begun = performance.now();
        await answer(text);
        samples[m].push(performance.now() - begun);
      }
    }
  }
  return samples.map(median);
}

/** The middle value; the mean of the two middle ones for an even count. */
function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
