import { RetortError } from '@retort/contracts/values';
import { type Dim, GraphBuilder, int64s } from '@retort/onnx';
import type { TrainableModel } from '../trainable.js';
import { selfAttention } from '../transformer/attention.js';
import { tokenEmbeddings } from '../transformer/embeddings.js';
import { extentsOf } from '../transformer/extents.js';
import { feedForward } from '../transformer/feed-forward.js';
import { TransformerLayers } from '../transformer/layers.js';
import { causalMask, paddingMask } from '../transformer/masks.js';

/** The shape of a decoder student. All are whole numbers from 1, but `dropout`. */
export interface DecoderSpec {
  layers: number;
  width: number;
  /** Divides `width`. */
  heads: number;
  /** Width inside the feed-forward layers; usually 4 · width. */
  intermediate: number;
  /** Most tokens of a text, what is generated included: each has a learned position. */
  maxLength: number;
  /** Share of activations zeroed while training, where GPT-2 does it. 0 to 1. */
  dropout: number;
}

export interface DecoderStudentOptions {
  /** Number of token ids: all ids are below it. */
  vocabularySize: number;
  /** Seeds the first weights. The same seed gives the same weights with and without the cache. */
  seed: number;
  /** Whether keys and values of earlier tokens come in and go out, for generating token by token. Default false, for training. */
  cache?: boolean;
}

/** The first opset of ai.onnx with `Gelu`; ONNX 1.15, whose files are IR version 9. */
const OPSET = 20;
const IR_VERSION = 9;

/** GPT-2's ε of its layer normalizations. */
const LAYER_NORM_EPSILON = 1e-5;

const FLOAT32 = 1;

/**
 * The `decoder` student: a causal transformer in the shape of GPT-2 (Radford et al. 2019), its output layer not tied to the embeddings.
 *
 *     input_ids int64 [batch, tokens]
 *       → word + position embeddings                              [batch·tokens, width]
 *       → layers times:
 *           x ← x + selfAttention(LayerNormalization(x)), of the tokens up to each
 *           x ← x + feedForward(LayerNormalization(x))
 *       → LayerNormalization → Gemm                               logits [batch, tokens, vocabulary]
 *
 * logits[·, t] are those of the token after t. One definition makes two graphs with the same weights by name:
 *
 * - for training: inputs `input_ids`, `attention_mask` int64 `[batch, tokens]`, padded on the right;
 * - with the cache: `input_ids` and `position_ids` of the new tokens only, `attention_mask` `[batch, past + tokens]`, and for each layer N
 *   `past_key_values.N.key` and `.value` float32 `[batch, heads, past, headWidth]`; further outputs `present.N.key` and `.value`, the
 *   same with the new tokens appended. The names are those of Hugging Face's Optimum. The first call gives a past of 0 tokens.
 *
 * Both give the same logits up to rounding: other shapes are summed in another order.
 *
 * @throws RetortError `RT_INVALID_SPEC` for sizes that make no sense
 */
export function decoderStudent(
  spec: DecoderSpec,
  { vocabularySize, seed, cache = false }: DecoderStudentOptions,
): TrainableModel {
  checkSpec(spec, vocabularySize);
  const { width, heads, maxLength } = spec;
  const b = new GraphBuilder({ name: 'decoder_student', opset: OPSET });
  const layers = new TransformerLayers(b, { seed, dropout: cache ? 0 : spec.dropout });
  const ids = b.input('input_ids', 'int64', ['batch', 'tokens']);
  const all = b.input('attention_mask', 'int64', ['batch', cache ? 'all_tokens' : 'tokens']);
  const positions = cache ? b.input('position_ids', 'int64', ['batch', 'tokens']) : undefined;
  const tokensOf = (value: string) => b.add('Gather', [b.add('Shape', [value]), b.constant(int64s([], [1]))]);

  const padding = paddingMask(b, b.add('Cast', [all], { attributes: { to: FLOAT32 } }));
  const mask = b.add('Add', [padding, causalMask(b, tokensOf(ids), tokensOf(all))]);
  const splitHeads = extentsOf(b, ids, [heads, width / heads]);
  const normalized = (name: string, value: string) => layers.layerNorm(name, value, width, LAYER_NORM_EPSILON);

  const embedded = tokenEmbeddings(layers, ids, { vocabularySize, maxLength, width }, positions);
  let x = layers.dropout(layers.reshape(embedded, -1, width));
  for (let layer = 0; layer < spec.layers; layer++) {
    const name = `layers.${layer}`;
    const remember = cache ? cacheOf(b, layer, spec) : undefined;
    const attended = normalized(`${name}.attention.norm`, x);
    x = b.add('Add', [selfAttention(layers, `${name}.attention`, attended, spec, { mask, splitHeads, remember }), x]);
    const fed = normalized(`${name}.feed_forward.norm`, x);
    x = b.add('Add', [feedForward(layers, `${name}.feed_forward`, fed, spec), x]);
  }
  const scores = layers.dense('output', normalized('norm', x), width, vocabularySize);
  b.add('Reshape', [scores, extentsOf(b, ids, [vocabularySize])], { outputs: ['logits'] });
  // The logits come first among the outputs.
  b.graph.outputs.unshift({ name: 'logits', type: 'float32', shape: ['batch', 'tokens', vocabularySize] });
  return { model: b.build({ irVersion: IR_VERSION }), trainable: layers.trainable };
}

/** Appends a layer's new keys and values to those of the earlier tokens. */
function cacheOf(b: GraphBuilder, layer: number, { width, heads }: DecoderSpec) {
  const shape = (tokens: string): Dim[] => ['batch', heads, tokens, width / heads];
  return (part: 'key' | 'value', made: string): string => {
    const past = b.input(`past_key_values.${layer}.${part}`, 'float32', shape('past_tokens'));
    const present = b.add('Concat', [past, made], { attributes: { axis: 2 }, outputs: [`present.${layer}.${part}`] });
    return b.output(present, 'float32', shape('all_tokens'));
  };
}

function checkSpec(
  { layers, width, heads, intermediate, maxLength, dropout }: DecoderSpec,
  vocabularySize: number,
): void {
  const sizes = [layers, width, heads, intermediate, maxLength, vocabularySize];
  const problems = [
    [
      sizes.every((size) => Number.isSafeInteger(size) && size >= 1),
      'layers, width, heads, intermediate, maxLength and the vocabulary must be whole numbers from 1',
    ],
    [width % heads === 0, `heads (${heads}) must divide width (${width})`],
    [dropout >= 0 && dropout < 1, `dropout (${dropout}) must be from 0 and below 1`],
  ] as const;
  const problem = problems.find(([holds]) => !holds);
  if (problem) throw new RetortError('RT_INVALID_SPEC', `student: ${problem[1]}.`);
}
