import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testContext } from '../../../test/support/servers.ts';
import type { Context } from './context.js';

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

describe('the soft-label store', () => {
  let context: Context;
  beforeAll(async () => {
    context = await testContext();
  });
  afterAll(() => context.close());

  it('gives back the very bits that were kept, in the order asked', async () => {
    let runs = 0;
    const row = fc.float32Array({ minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 40 }), async (rows) => {
        const digest = hashOf(`teacher ${runs++}`);
        const entries = rows.map((logits, i) => ({ hash: hashOf(String(i)), logits }));
        await context.softLabels.put(digest, entries);
        const asked = [...entries.map(({ hash }) => hash).reverse(), hashOf('never asked')];
        const found = await context.softLabels.get(digest, asked);
        const bits = (logits: Float32Array | undefined) => logits && [...new Uint32Array(logits.buffer)];
        expect(found.map(bits)).toEqual([...rows.map((logits) => bits(logits.slice())).reverse(), undefined]);
      }),
      { numRuns: 20 },
    );
  });

  it("keeps a teacher's first answer, apart from every other teacher's, in more rows than one statement takes", async () => {
    const hashes = Array.from({ length: 5000 }, (_, i) => hashOf(`text ${i}`));
    const answers = (of: number) => hashes.map((hash, i) => ({ hash, logits: Float32Array.of(of, i) }));
    await context.softLabels.put('one', answers(1));
    await context.softLabels.put('one', answers(2));
    await context.softLabels.put('two', answers(2));
    expect(await context.softLabels.get('one', hashes)).toEqual(answers(1).map(({ logits }) => logits));
    expect(await context.softLabels.get('two', hashes)).toEqual(answers(2).map(({ logits }) => logits));
  });
});
