import { openTokenizer, readJson, type WordVectors } from '@retort/text';
import { asTeacher, invalidTeacher } from './invalid-teacher.js';
import { readTokenEmbeddings } from './token-embeddings.js';

/** Tokenizers whose tokens are words or parts of words that stand for themselves; characters and bytes mean nothing alone. */
export const WORD_TOKENIZERS: readonly string[] = ['WordPiece', 'Unigram'];

/**
 * The rows of the embedding table of a model as vectors of words: that of a word is the mean over its tokens.
 *
 * @param dir folder with the ONNX graph and a WordPiece or Unigram `tokenizer.json`
 * @throws RetortError `RT_INVALID_TEACHER` for another tokenizer, and for a graph that shows no float32 table that `input_ids` index
 */
export function openWordVectors(dir: string): Promise<WordVectors> {
  return asTeacher(async () => {
    const { model: tokens } = await readJson(dir, 'tokenizer.json');
    const type = (tokens as { type?: string }).type ?? 'unknown';
    if (!WORD_TOKENIZERS.includes(type)) {
      throw invalidTeacher(
        `Its tokenizer is of type ${type}: word embeddings are taken from ${WORD_TOKENIZERS.join(' and ')} tokenizers only. ${ADVICE}`,
      );
    }
    const tokenizer = await openTokenizer(dir);
    const table = await readTokenEmbeddings(dir);
    if ('missing' in table) throw invalidTeacher(`There are no token embeddings: ${table.missing}. ${ADVICE}`);
    const { rows, width, values } = table;
    const special = new Set(tokenizer.encode(''));
    return {
      width,
      vectorOf(word) {
        const ids = tokenizer.encode(word).filter((id) => !special.has(id) && id < rows);
        if (ids.length === 0) return undefined;
        const mean = new Float32Array(width);
        for (const id of ids) for (let i = 0; i < width; i++) mean[i] += values[id * width + i] / ids.length;
        return mean;
      },
    };
  });
}

const ADVICE = 'Leave neighbour-replacement and back-off out of transferSet.strategies, or take another teacher.';
