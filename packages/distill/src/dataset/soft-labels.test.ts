import type { Progress } from '@retort/contracts';
import type { Teacher } from '@retort/teachers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labelTexts, MemorySoftLabelCache } from './soft-labels.js';

/** Answers each text with its length and first character code, and remembers what it was asked. */
class CountingTeacher implements Teacher {
  readonly digest = 'a'.repeat(64);
  readonly labels = ['length', 'first'];
  readonly asked: string[] = [];

  async logits(texts: string[]): Promise<Float32Array> {
    this.asked.push(...texts);
    return Float32Array.from(texts.flatMap((text) => [text.length, text.charCodeAt(0)]));
  }

  async close(): Promise<void> {}
}

const expected = (texts: string[]) => texts.flatMap((text) => [text.length, text.charCodeAt(0)]);

describe('labelTexts', () => {
  it('gives every text its own answer and asks each only once, however they repeat', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ minLength: 1, maxLength: 2 }), { maxLength: 400 }), async (texts) => {
        const teacher = new CountingTeacher();
        const { logits, cached } = await labelTexts({ teacher, texts });
        expect([...logits]).toEqual(expected(texts));
        expect(teacher.asked.length).toBe(new Set(texts).size);
        expect(cached).toBe(texts.length - teacher.asked.length);
      }),
      { numRuns: 30 },
    );
  });

  it('goes on where an aborted run was', async () => {
    const texts = Array.from({ length: 1000 }, (_, i) => `text ${i}`);
    const cache = new MemorySoftLabelCache();
    const controller = new AbortController();
    const teacher = new CountingTeacher();
    const stopEarly = ({ done }: Progress) => done >= 300 && controller.abort();
    const first = labelTexts({ teacher, texts, cache, signal: controller.signal, onProgress: stopEarly });
    await expect(first).rejects.toMatchObject({ code: 'RT_CANCELLED' });
    const askedBefore = teacher.asked.length;
    expect(askedBefore).toBeLessThan(texts.length);
    const { cached } = await labelTexts({ teacher, texts, cache });
    expect(cached).toBe(askedBefore);
    expect(teacher.asked.length).toBe(texts.length);
  });

  it('keeps the answers of different teachers apart', async () => {
    const cache = new MemorySoftLabelCache();
    await labelTexts({ teacher: new CountingTeacher(), texts: ['a'], cache });
    const other = Object.assign(new CountingTeacher(), { digest: 'b'.repeat(64) });
    expect((await labelTexts({ teacher: other, texts: ['a'], cache })).cached).toBe(0);
  });
});
