import type { TokenizerFiles } from './character-tokenizer.js';
import { loadTokenizer } from './load-tokenizer.js';
import type { Tokenizer } from './tokenizer.js';
import { checkTokenizerJson, isObject, type TokenizerJson, tokenId } from './tokenizer-files.js';

export interface TrimmedTokenizer extends TokenizerFiles {
  /** For every id of the trimmed tokenizer its id in the original: the rows to keep of an embedding table. */
  kept: Int32Array;
}

/**
 * The same tokenizer with the part of its vocabulary that `texts` use, so that a student's embedding table is small: the tokens that
 * occur, the special and added ones, and every token of a single character, by which words that were never seen are still spelled.
 *
 * `texts` get the same tokens as before, as far as `maxLength` reaches. WordPiece takes the longest token that matches and Unigram the likeliest path: what they
 * chose is kept, and there is only less to choose it from.
 *
 * @param options.minCount how often `texts` must have a token for it to stay; default 1. Above it, words of rarer tokens are spelled in
 * smaller ones.
 * @param options.maxLength most tokens of a text, special tokens included, that the new files declare
 * @returns undefined for tokenizers other than BERT's WordPiece and SentencePiece Unigram
 * @throws RetortError `RT_INVALID_MODEL` where the file is no tokenizer, naming the field
 */
export function trimVocabulary(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
  texts: Iterable<string>,
  { maxLength, minCount = 1 }: { maxLength: number; minCount?: number },
): TrimmedTokenizer | undefined {
  const { json, config, tokenizer } = original(tokenizerJson, tokenizerConfig);
  if (tokenizer.kind !== 'wordpiece' && tokenizer.kind !== 'unigram') return undefined;

  const used = new Set([...json.added_tokens.map(({ id }) => id), ...essentialIds(json)]);
  const counts = new Map<number, number>();
  for (const text of texts) {
    for (const id of tokenizer.encode(text, maxLength)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  for (const [id, count] of counts) if (count >= minCount) used.add(id);
  return withTokens(json, config, Int32Array.from(used).sort(), maxLength);
}

/**
 * A trimmed tokenizer with more of the original vocabulary: the first tokens of it, which in the usual ones are the most frequent, that a
 * text can have and that are missing. Their ids follow those that there are, which stay. Texts that the vocabulary was trimmed to (with
 * `minCount` 1) still get the same tokens.
 *
 * @param tokenizerJson the original, WordPiece or Unigram @param kept of the trimmed one
 * @param options.count how many tokens to add, from 0; fewer where there are not as many
 * @returns with `kept` of all: as many tokens more as were added
 * @throws RetortError `RT_INVALID_MODEL` where the file is no tokenizer, naming the field
 */
export function extendVocabulary(
  tokenizerJson: unknown,
  tokenizerConfig: unknown,
  kept: Int32Array,
  { count, maxLength }: { count: number; maxLength: number },
): TrimmedTokenizer {
  const { json, config, tokenizer } = original(tokenizerJson, tokenizerConfig);
  const known = new Set(kept);
  const added: number[] = [];
  for (const [token, id] of tokensOf(json)) {
    if (added.length >= count) break;
    if (!known.has(id) && isRead(token, id, json, tokenizer)) added.push(id);
  }
  return withTokens(json, config, Int32Array.from([...kept, ...added]), maxLength);
}

function original(tokenizerJson: unknown, tokenizerConfig: unknown) {
  const json = checkTokenizerJson(tokenizerJson);
  // Ids, where the config repeats them, are those of the full vocabulary; the file itself has them all.
  const { added_tokens_decoder: _, ...config } = isObject(tokenizerConfig) ? tokenizerConfig : {};
  return { json, config, tokenizer: loadTokenizer(json, config) };
}

/** The vocabulary by rising id. */
function tokensOf({ model: { vocab } }: TokenizerJson): [string, number][] {
  if (Array.isArray(vocab)) return (vocab as [string, number][]).map(([piece], id) => [piece, id]);
  return Object.entries(vocab as Record<string, number>).sort(([, a], [, b]) => a - b);
}

/** Whether the token's own text is read as it: none is as `[unused0]`, say. Of what may only continue a word that cannot be told. */
function isRead(token: string, id: number, { model }: TokenizerJson, tokenizer: Tokenizer): boolean {
  const prefix = model.continuing_subword_prefix;
  const continues = typeof prefix === 'string' ? token.startsWith(prefix) : !token.startsWith(WORD_START);
  return continues || tokenizer.encode(token.replaceAll(WORD_START, ' ')).includes(id);
}

/** What SentencePiece writes for a blank. */
const WORD_START = '\u2581';

/** @param kept for every new id its old one */
function withTokens(json: TokenizerJson, config: object, kept: Int32Array, maxLength: number): TrimmedTokenizer {
  return {
    tokenizer: renumbered(json, new Map(Array.from(kept, (old, id) => [old, id]))),
    config: { ...config, model_max_length: maxLength, model_input_names: ['input_ids', 'attention_mask'] },
    kept,
  };
}

/** Tokens that stay whether or not a text has them. */
function essentialIds(json: TokenizerJson): number[] {
  const { model } = json;
  if (Array.isArray(model.vocab)) {
    const pieces = model.vocab as [string, number][];
    // What an unknown character costs is measured from the rarest piece.
    const rarest = pieces.reduce((least, [, score], id) => (score < pieces[least][1] ? id : least), 0);
    const single = pieces.flatMap(([piece], id) => (isSingle(piece) ? [id] : []));
    return [model.unk_id as number, rarest, ...single];
  }
  const prefix = model.continuing_subword_prefix as string;
  const single = Object.entries(model.vocab as Record<string, number>).flatMap(([token, id]) =>
    isSingle(token) || (token.startsWith(prefix) && isSingle(token.slice(prefix.length))) ? [id] : [],
  );
  const unknown = tokenId(json, model.unk_token as string);
  return unknown === undefined ? single : [unknown, ...single];
}

function isSingle(token: string): boolean {
  return token.length <= 2 && Array.from(token).length === 1;
}

/** The file with other ids: `ids` has the new one for every old one that stays, from 0 on. */
function renumbered(json: TokenizerJson, ids: Map<number, number>): Record<string, unknown> {
  const { model } = json;
  const { vocab } = model;
  const trimmed = Array.isArray(vocab)
    ? { ...model, vocab: piecesOf(json, vocab as Piece[], [...ids.keys()]), unk_id: ids.get(model.unk_id as number) }
    : { ...model, vocab: withIds(vocab as Record<string, number>, ids) };
  return {
    ...json,
    // Texts are cut and padded by whoever makes the batch.
    truncation: null,
    padding: null,
    added_tokens: json.added_tokens.map((token) => ({ ...token, id: ids.get(token.id) })),
    post_processor: withProcessorIds(json, ids),
    model: trimmed,
  };
}

type Piece = [string, number];

/**
 * A Unigram's pieces are numbered by their place. An added token that is none of them, and that pieces follow, gets one, which is never
 * looked for: added tokens are found in a text before it is cut.
 */
function piecesOf({ added_tokens: added }: TokenizerJson, vocab: readonly Piece[], kept: readonly number[]): Piece[] {
  const end = kept.findLastIndex((old) => old < vocab.length) + 1;
  const rarest = vocab.reduce((least, [, score]) => Math.min(least, score), 0);
  return kept.slice(0, end).map((old) => vocab[old] ?? [added.find(({ id }) => id === old)?.content ?? '', rarest]);
}

function withIds(vocab: Record<string, number>, ids: Map<number, number>): Record<string, number> {
  const entries = Object.entries(vocab).flatMap(([token, id]) => {
    const kept = ids.get(id);
    return kept === undefined ? [] : [[token, kept] as const];
  });
  return Object.fromEntries(entries.sort(([, a], [, b]) => a - b));
}

/** The post-processor repeats the ids of the special tokens: as `[token, id]`, or in lists by name. */
function withProcessorIds({ post_processor: post }: TokenizerJson, ids: Map<number, number>): unknown {
  if (post === null) return null;
  const pair = (value: unknown) => (Array.isArray(value) ? [value[0], ids.get(value[1] as number)] : value);
  if (post.type !== 'TemplateProcessing') return { ...post, cls: pair(post.cls), sep: pair(post.sep) };
  if (!isObject(post.special_tokens)) return post;
  const special = Object.entries(post.special_tokens).map(([name, token]) => {
    const old = isObject(token) && Array.isArray(token.ids) ? (token.ids as number[]) : [];
    return [name, { ...(token as object), ids: old.map((id) => ids.get(id)) }];
  });
  return { ...post, special_tokens: Object.fromEntries(special) };
}
