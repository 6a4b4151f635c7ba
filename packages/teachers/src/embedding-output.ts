import type { ModelPort, Pooling } from '@retort/contracts';
import { readJson } from '@retort/text';
import { invalidTeacher } from './invalid-teacher.js';

/** Where an encoder's embedding comes from. */
export interface EmbeddingOutput {
  output: string;
  pooling: Pooling;
}

/** Names that exporters give to a finished embedding and to token vectors, best known first. */
const POOLED = ['sentence_embedding', 'sentence_embeddings', 'text_embeds', 'embedding', 'embeddings'];
const TOKENS = ['last_hidden_state', 'token_embeddings'];

const FLOATS = ['float32', 'float16'];

/**
 * Chooses the output that an encoder's embedding is made of: a finished embedding `[batch, width]` where there is one, else
 * token vectors `[batch, tokens, width]` with the pooling asked for, the folder's, or the mean. (A `pooler_output` is no
 * embedding: it was trained for next-sentence prediction.)
 *
 * @param asked `none`: the finished embedding; `mean`, `cls`: token vectors, even where there is a finished one
 * @throws RetortError `RT_INVALID_TEACHER` where no output serves
 */
export function embeddingOutput(
  outputs: readonly ModelPort[],
  { asked, folder }: { asked?: Pooling; folder?: Pooling },
): EmbeddingOutput {
  const usable = outputs.filter(({ type, shape }) => FLOATS.includes(type) && shape.length >= 2 && shape.length <= 3);
  const choose = (rank: number, names: string[]) => {
    const ranked = usable.filter(({ shape, name }) => shape.length === rank && name !== 'pooler_output');
    const named = names.map((name) => ranked.find((port) => port.name === name)).find((port) => port !== undefined);
    return named ?? (ranked.length === 1 ? ranked[0] : undefined);
  };
  const pooled = choose(2, POOLED);
  if (pooled && (asked === undefined || asked === 'none')) return { output: pooled.name, pooling: 'none' };
  const tokens = choose(3, TOKENS);
  if (tokens && asked !== 'none') return { output: tokens.name, pooling: asked ?? folder ?? 'mean' };
  const listed = outputs.map(
    ({ name, type, shape }) => `"${name}" ${type} [${shape.map((dim) => dim ?? '?').join(', ')}]`,
  );
  const wanted =
    asked === undefined
      ? '[batch, width] or [batch, tokens, width]'
      : asked === 'none'
        ? '[batch, width]'
        : '[batch, tokens, width]';
  throw invalidTeacher(
    `The model has no output that an embedding can be made of (float32 ${wanted}, named ${[...POOLED.slice(0, 1), ...TOKENS.slice(0, 1)].join(' or ')} where there are several); it has ${listed.join(', ')}.`,
  );
}

/** Where sentence-transformers keeps its pooling. */
export const POOLING_FILE = '1_Pooling/config.json';

/**
 * The pooling that a folder of sentence-transformers names; undefined where it has none.
 *
 * @throws RetortError `RT_INVALID_TEACHER` for one that is neither the mean nor the first token
 */
export async function folderPooling(dir: string): Promise<Pooling | undefined> {
  const config = await readJson(dir, POOLING_FILE, { optional: true });
  if (config === undefined) return undefined;
  const modes = Object.keys(config).filter((key) => key.startsWith('pooling_mode_') && config[key] === true);
  if (modes.length === 1 && modes[0] === 'pooling_mode_mean_tokens') return 'mean';
  if (modes.length === 1 && modes[0] === 'pooling_mode_cls_token') return 'cls';
  throw invalidTeacher(
    `${POOLING_FILE} asks for ${modes.join(', ') || 'no pooling'}: only pooling_mode_mean_tokens and pooling_mode_cls_token are supported. Name the pooling to use.`,
  );
}
