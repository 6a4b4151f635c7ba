import { RetortError } from '@retort/contracts/values';

/** A special or added token, as `tokenizer.json` lists it. */
interface AddedToken {
  id: number;
  content: string;
  single_word?: boolean;
  lstrip?: boolean;
  rstrip?: boolean;
  normalized?: boolean;
  special?: boolean;
}

/** The parts of `tokenizer.json` that decide which path encodes with it. */
export interface TokenizerJson {
  version?: string;
  truncation?: { max_length?: number } | null;
  padding?: { pad_id?: number; pad_token?: string } | null;
  added_tokens: AddedToken[];
  normalizer: Component | null;
  pre_tokenizer: Component | null;
  post_processor: Component | null;
  decoder: Component | null;
  model: Component;
}

/** A part of the pipeline: its `type` and the settings of that type. */
interface Component {
  type?: string;
  [setting: string]: unknown;
}

/** The parts of `tokenizer_config.json` that matter here. */
export interface TokenizerConfig {
  model_max_length?: number;
  pad_token?: string | { content: string } | null;
  unk_token?: string | { content: string } | null;
  [setting: string]: unknown;
}

/**
 * Checks the shape of a parsed `tokenizer.json`.
 *
 * @throws RetortError `RT_INVALID_MODEL` naming the field
 */
export function checkTokenizerJson(value: unknown): TokenizerJson {
  if (!isObject(value)) throw invalid('it is not a JSON object');
  const { model, added_tokens: added = [] } = value;
  if (!isObject(model)) throw invalid('"model" is missing: a fast tokenizer of Hugging Face is wanted');
  const { vocab } = model;
  if (!isObject(vocab) && !Array.isArray(vocab)) throw invalid('"model.vocab" is missing');
  if (!Array.isArray(added)) throw invalid('"added_tokens" must be a list');
  for (const token of added) {
    if (!isObject(token) || typeof token.content !== 'string' || !Number.isInteger(token.id)) {
      throw invalid('each of "added_tokens" needs "content" and "id"');
    }
  }
  const part = (name: string): Component | null => {
    const component = value[name] ?? null;
    if (component !== null && !isObject(component)) throw invalid(`"${name}" must be an object or null`);
    return component;
  };
  return {
    ...value,
    added_tokens: added as AddedToken[],
    normalizer: part('normalizer'),
    pre_tokenizer: part('pre_tokenizer'),
    post_processor: part('post_processor'),
    decoder: part('decoder'),
    model: model as Component,
  };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function invalid(reason: string, cause?: unknown): RetortError {
  return new RetortError('RT_INVALID_MODEL', `tokenizer.json cannot be used: ${reason}.`, { cause });
}

/** One more than the largest token id: the rows that an embedding table must have. */
export function vocabularySize({ model, added_tokens }: TokenizerJson): number {
  let largest = -1;
  const { vocab } = model;
  if (Array.isArray(vocab)) largest = vocab.length - 1;
  else for (const id of Object.values(vocab as Record<string, number>)) if (id > largest) largest = id;
  for (const { id } of added_tokens) if (id > largest) largest = id;
  return largest + 1;
}

const DEFAULT_MAX_LENGTH = 512;

/**
 * Most tokens of one text, special tokens included: `model_max_length` of the config, as `@huggingface/transformers`
 * reads it, else the file's own truncation, else 512. (Configs write "no limit" as 1e30.)
 */
export function maxLengthOf({ truncation }: TokenizerJson, config: TokenizerConfig): number {
  for (const length of [config.model_max_length, truncation?.max_length]) {
    if (typeof length === 'number' && length >= 1 && length < 1e6) return Math.floor(length);
  }
  return DEFAULT_MAX_LENGTH;
}

/** Id of the padding token: what the config names, else what the file pads with, else a token of a usual name, else 0. */
export function padIdOf(json: TokenizerJson, config: TokenizerConfig): number {
  const { pad_token: pad } = config;
  const named = [isObject(pad) ? (pad.content as string) : pad, json.padding?.pad_token, '[PAD]', '<pad>', '<PAD>'];
  for (const token of named) {
    const id = typeof token === 'string' ? tokenId(json, token) : undefined;
    if (id !== undefined) return id;
  }
  return json.padding?.pad_id ?? 0;
}

/** Id of a token by its content, or undefined. */
export function tokenId({ model, added_tokens }: TokenizerJson, token: string): number | undefined {
  const added = added_tokens.find(({ content }) => content === token);
  if (added) return added.id;
  if (Array.isArray(model.vocab)) {
    const at = model.vocab.findLastIndex((entry) => Array.isArray(entry) && entry[0] === token);
    return at < 0 ? undefined : at;
  }
  const vocab = model.vocab as Record<string, number>;
  return Object.hasOwn(vocab, token) ? vocab[token] : undefined;
}

/** The ids that the post-processor puts around one text. */
export interface SpecialTokens {
  before: number[];
  after: number[];
}

/** {@link SpecialTokens} of the usual post-processors, or undefined for one that only the general path handles. */
export function specialTokens(json: TokenizerJson): SpecialTokens | undefined {
  const { post_processor: post } = json;
  if (post === null) return { before: [], after: [] };
  if (post.type === 'BertProcessing' || post.type === 'RobertaProcessing') {
    const ids = [post.cls, post.sep].map((pair) =>
      Array.isArray(pair) ? tokenId(json, pair[0] as string) : undefined,
    );
    return ids[0] === undefined || ids[1] === undefined ? undefined : { before: [ids[0]], after: [ids[1]] };
  }
  if (post.type !== 'TemplateProcessing' || !Array.isArray(post.single)) return undefined;
  const sides: SpecialTokens = { before: [], after: [] };
  let seen = false;
  for (const item of post.single as unknown[]) {
    if (!isObject(item)) return undefined;
    if (isObject(item.Sequence)) {
      if (seen || item.Sequence.id !== 'A') return undefined;
      seen = true;
    } else if (isObject(item.SpecialToken)) {
      const id = tokenId(json, item.SpecialToken.id as string);
      if (id === undefined) return undefined;
      sides[seen ? 'after' : 'before'].push(id);
    }
  }
  return seen ? sides : undefined;
}
