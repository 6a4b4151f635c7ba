import { readJson, type TrimmedTokenizer, trimVocabulary } from '@retort/text';

/**
 * The tokenizer of a teacher's folder with the vocabulary that the texts use.
 *
 * @param maxLength most tokens of a text
 * @returns undefined where it is neither WordPiece nor Unigram
 */
export async function trimmedTokenizer(
  teacherDir: string,
  texts: readonly string[],
  maxLength: number,
): Promise<TrimmedTokenizer | undefined> {
  const json = await readJson(teacherDir, 'tokenizer.json');
  const config = await readJson(teacherDir, 'tokenizer_config.json', { optional: true });
  return trimVocabulary(json, config, texts, { maxLength });
}
