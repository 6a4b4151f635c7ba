import { env, pipeline, type TextClassificationPipeline } from '@huggingface/transformers';
import { openTextClassifier } from '@retort/text';
import { expect } from 'vitest';

/** What a tokenizer and a hash can stumble on. */
const HARD_TEXTS = [
  'abcd efgh',
  'ZZZ yyy',
  'a',
  'x'.repeat(600),
  'çà ñ — “quotes” €5',
  '日本語',
  '👩‍👩‍👧 emoji',
  '  two  spaces ',
  'İstanbul ẞ',
  '[PAD] [UNK]',
];

/**
 * Expects `pipeline('text-classification', folder)` of `@huggingface/transformers` to give the labels and scores that we give, on `texts`
 * and on others that are hard to read; and our own answers not to depend on what a text is batched with, but for the rounding that the
 * texts of a batch share in int8.
 *
 * @param options.dtype Hugging Face's name of the graph that the folder answers with; default `fp32`
 */
export async function expectSameAnswersFromTransformers(
  folder: string,
  known: readonly string[],
  { dtype = 'fp32' }: { dtype?: 'fp32' | 'q8' } = {},
): Promise<void> {
  env.allowRemoteModels = false;
  const ours = await openTextClassifier(folder, { placement: 'inline' });
  const theirs: TextClassificationPipeline = await pipeline('text-classification', folder, {
    dtype,
    local_files_only: true,
  });
  const texts = [...HARD_TEXTS, ...known];
  for (const text of texts) {
    const [answer] = await ours.classify([text], { topK: 3 });
    const expected = (await theirs(text, { top_k: 3 })) as { label: string; score: number }[];
    expect(answer.label, text).toBe(expected[0].label);
    for (const { label, score } of answer.scores) {
      const other = expected.find((found) => found.label === label)?.score ?? 2;
      expect(Math.abs(score - other), text).toBeLessThan(1e-4);
    }
  }
  const batch = await ours.classify(texts);
  for (const [i, text] of texts.entries()) {
    expect(batch[i].confidence, text).toBeCloseTo((await ours.classify([text]))[0].confidence, dtype === 'q8' ? 1 : 5);
  }
  await theirs.dispose();
  await ours.close();
}
