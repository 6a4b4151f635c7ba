import type { EncoderShape } from '@retort/contracts';
import { RetortError } from '@retort/contracts/values';
import { floatScalar, GraphBuilder, int64s, int64Vector } from '@retort/onnx';
import type { TrainableModel } from '../trainable.js';
import { type AttentionInputs, selfAttention } from '../transformer/attention.js';
import { tokenEmbeddings } from '../transformer/embeddings.js';
import { extentsOf } from '../transformer/extents.js';
import { feedForward } from '../transformer/feed-forward.js';
import { TransformerLayers } from '../transformer/layers.js';
import { paddingMask } from '../transformer/masks.js';
import { EMBEDDING_TAP, layerTaps } from './student-taps.js';

export interface EncoderStudentOptions {
  /** Number of token ids: all ids are below it. */
  vocabularySize: number;
  classes: number;
  /** Seeds the first weights. */
  seed: number;
}

/** The first opset of ai.onnx with `Gelu`; ONNX 1.15, whose files are IR version 9. */
const OPSET = 20;
const IR_VERSION = 9;

/** BERT's ε of its layer normalizations. */
export const LAYER_NORM_EPSILON = 1e-12;

const FLOAT32 = 1;

/**
 * The `encoder` student: BERT (Devlin et al. 2018) without its pooler and its segment embeddings.
 *
 *     input_ids, attention_mask int64 [batch, tokens]
 *       → word + position embeddings, LayerNormalization     [batch·tokens, width]
 *       → layers times:
 *           x ← LayerNormalization(x + selfAttention(x))
 *           x ← LayerNormalization(x + feedForward(x))
 *       → the text's vector: by `pooling` the masked mean over the tokens, the first one, or that mean beside the mean of the
 *         normalized embeddings, which go around the layers, and a LayerNormalization of both    [batch, encoderTextWidth]
 *       → Gemm and Relu, unless `hidden` is 0                 [batch, hidden]
 *       → Gemm                                                logits [batch, classes]
 *
 * Masked tokens are never attended to: the logits do not depend on how far a batch was padded (on the right) nor on its other texts.
 *
 * Weights: `embeddings.word`, `embeddings.position`, `embeddings.norm`, for each layer i from 0 `layers.i.attention.qkv` (the
 * projections to q, k and v side by side), `.attention.output`, `.attention.norm`, `.feed_forward.up`, `.feed_forward.down`,
 * `.feed_forward.norm`, then `text.norm` and `hidden` where the spec has them, and `output`; matrices are `[from, to]`.
 *
 * @throws RetortError `RT_INVALID_SPEC` for sizes that make no sense
 */
export function encoderStudent(
  spec: EncoderShape,
  { vocabularySize, classes, seed }: EncoderStudentOptions,
): TrainableModel {
  checkSpec(spec, vocabularySize, classes);
  const { width, maxLength, dropout, hidden } = spec;
  const b = new GraphBuilder({ name: 'encoder_student', opset: OPSET });
  const layers = new TransformerLayers(b, { seed, dropout });
  const ids = b.input('input_ids', 'int64', ['batch', 'tokens']);
  const mask = b.add('Cast', [b.input('attention_mask', 'int64', ['batch', 'tokens'])], {
    attributes: { to: FLOAT32 },
  });

  const embedded = tokenEmbeddings(layers, ids, { vocabularySize, maxLength, width });
  const normalized = layers.layerNorm(
    'embeddings.norm',
    layers.reshape(embedded, -1, width),
    width,
    LAYER_NORM_EPSILON,
  );
  let x = layers.dropout(normalized);
  const shared = { mask: paddingMask(b, mask), splitHeads: extentsOf(b, ids, [spec.heads, width / spec.heads]) };
  for (let layer = 0; layer < spec.layers; layer++) x = encoderLayer(layers, layer, x, spec, shared);

  const states = (tokens: string, outputs?: string[]) =>
    b.add('Reshape', [tokens, extentsOf(b, ids, [width])], { outputs });
  const last = states(x, ['last_hidden_state']);
  const inner = encoderTextWidth(spec);
  let text = layers.dropout(textVector(layers, spec, { last, embedded: () => states(normalized), mask }));
  if (hidden > 0) text = layers.dropout(b.add('Relu', [layers.dense('hidden', text, inner, hidden)]));
  b.output(layers.dense('output', text, hidden || inner, classes, ['logits']), 'float32', ['batch', classes]);
  return { model: b.build({ irVersion: IR_VERSION }), trainable: layers.trainable };
}

/** One post-LayerNorm layer: `[batch·tokens, width]` → the same shape. */
function encoderLayer(
  layers: TransformerLayers,
  layer: number,
  x: string,
  spec: EncoderShape,
  shared: AttentionInputs,
): string {
  const b = layers.builder;
  const name = `layers.${layer}`;
  const normalized = (part: string, sum: string, outputs?: string[]) =>
    layers.layerNorm(`${name}.${part}.norm`, sum, spec.width, LAYER_NORM_EPSILON, outputs);
  const attended = selfAttention(layers, `${name}.attention`, x, spec, shared);
  const y = normalized('attention', b.add('Add', [attended, x]));
  const sum = b.add('Add', [feedForward(layers, `${name}.feed_forward`, y, spec), y]);
  return normalized('feed_forward', sum, [layerTaps(layer).hidden]);
}

/** Width of the text's vector, {@link EMBEDDING_TAP}. */
export function encoderTextWidth({ width, pooling }: EncoderShape): number {
  return pooling === 'mean-and-words' ? 2 * width : width;
}

/** What is classified: `[batch, tokens, width]` of the last layer, and before the first, → `[batch, encoderTextWidth]`. */
function textVector(
  layers: TransformerLayers,
  spec: EncoderShape,
  { last, embedded, mask }: { last: string; embedded: () => string; mask: string },
): string {
  const b = layers.builder;
  if (spec.pooling === 'cls') {
    return b.add('Gather', [last, b.constant(int64s([], [0]))], { attributes: { axis: 1 }, outputs: [EMBEDDING_TAP] });
  }
  const mean = tokenMean(b, mask, spec.width);
  if (spec.pooling === 'mean') return mean(last, [EMBEDDING_TAP]);
  const both = b.add('Concat', [mean(last), mean(embedded())], { attributes: { axis: 1 } });
  return layers.layerNorm('text.norm', both, encoderTextWidth(spec), LAYER_NORM_EPSILON, [EMBEDDING_TAP]);
}

/**
 * Σ_t mask_t·h_t / Σ_t mask_t: `[batch, tokens, width]` → `[batch, width]`, as one product with the weights mask/Σmask as a row. A
 * text without tokens gives zeros.
 */
function tokenMean(b: GraphBuilder, mask: string, width: number): (states: string, outputs?: string[]) => string {
  const axis = b.constant(int64Vector([1]), 'axes');
  const count = b.add('Max', [b.add('ReduceSum', [mask, axis]), b.constant(floatScalar(1))]);
  const weights = b.add('Unsqueeze', [b.add('Div', [mask, count]), axis]);
  const extents = b.constant(int64Vector([-1, width]), 'extents');
  return (states, outputs) => b.add('Reshape', [b.add('MatMul', [weights, states]), extents], { outputs });
}

function checkSpec(spec: EncoderShape, vocabularySize: number, classes: number): void {
  const { layers, width, heads, intermediate, maxLength } = spec;
  const problems = [
    [
      Math.min(layers, width, heads, intermediate, maxLength) >= 1,
      'layers, width, heads, intermediate and maxLength must be positive',
    ],
    [width % heads === 0, `heads (${heads}) must divide width (${width})`],
    [vocabularySize >= 1, `the vocabulary has ${vocabularySize} tokens`],
    [classes >= 2, `a classifier needs at least 2 classes, not ${classes}`],
  ] as const;
  const problem = problems.find(([holds]) => !holds);
  if (problem) throw new RetortError('RT_INVALID_SPEC', `student: ${problem[1]}.`);
}
