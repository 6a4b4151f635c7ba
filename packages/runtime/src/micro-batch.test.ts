import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MicroBatcher } from './micro-batch.js';

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('MicroBatcher', () => {
  it('answers every input once and in its place, however requests and aborts fall', async () => {
    const request = fc.record({ delay: fc.nat(3), abort: fc.option(fc.nat(3), { nil: undefined }) });
    const options = { maxBatch: fc.integer({ min: 1, max: 5 }), maxWaitMs: fc.nat(2), work: fc.nat(2) };
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { maxLength: 20 }),
        fc.record(options),
        async (requests, { maxBatch, maxWaitMs, work }) => {
          const seen: number[] = [];
          let running = 0;
          const batcher = new MicroBatcher<number, string>({
            maxBatch,
            maxWaitMs,
            async run(inputs) {
              expect(++running).toBe(1);
              expect(inputs.length).toBeLessThanOrEqual(maxBatch);
              seen.push(...inputs);
              await sleep(work);
              running--;
              return inputs.map((input) => `answer ${input}`);
            },
          });
          const outcomes = await Promise.allSettled(
            requests.map(async ({ delay, abort }, i) => {
              await sleep(delay);
              const answer = batcher.submit(i, abort === undefined ? undefined : AbortSignal.timeout(abort));
              expect(await answer).toBe(`answer ${i}`);
            }),
          );
          for (const [i, outcome] of outcomes.entries()) {
            if (outcome.status === 'rejected') {
              expect(outcome.reason).toMatchObject({ code: 'RT_CANCELLED' });
              expect(requests[i].abort).toBeDefined();
            } else expect(seen).toContain(i);
          }
          expect(new Set(seen).size).toBe(seen.length);
          await batcher.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('joins what arrives together or while a batch runs', async () => {
    const sizes: number[] = [];
    const batcher = new MicroBatcher<number, number>({
      maxBatch: 8,
      async run(inputs) {
        sizes.push(inputs.length);
        await sleep(5);
        return inputs;
      },
    });
    const first = [1, 2, 3].map((input) => batcher.submit(input));
    await sleep(2);
    await Promise.all([...first, ...Array.from({ length: 10 }, (_, i) => batcher.submit(i))]);
    expect(sizes).toEqual([3, 8, 2]);
  });

  it('fails a batch as a whole and goes on', async () => {
    const batcher = new MicroBatcher<string, string>({
      maxBatch: 2,
      async run(inputs) {
        if (inputs.includes('bad')) throw new Error('no');
        return inputs.slice(inputs.indexOf('short') + 1);
      },
    });
    const outcomes = await Promise.allSettled(['a', 'bad', 'b', 'c', 'short'].map((input) => batcher.submit(input)));
    expect(outcomes.map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
      'rejected',
    ]);
  });

  it('refuses beyond its queue and after close', async () => {
    const batcher = new MicroBatcher<number, number>({ maxBatch: 8, maxQueue: 2, run: async (inputs) => inputs });
    const accepted = [batcher.submit(1), batcher.submit(2)];
    await expect(batcher.submit(3)).rejects.toMatchObject({ code: 'RT_UNAVAILABLE' });
    await batcher.close();
    expect(await Promise.all(accepted)).toEqual([1, 2]);
    await expect(batcher.submit(4)).rejects.toMatchObject({ code: 'RT_UNAVAILABLE' });
  });
});
