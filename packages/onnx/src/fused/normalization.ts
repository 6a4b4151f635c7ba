import { float } from '../builder.js';
import type { Emitter } from '../emit/emitter.js';
import type { OpRule } from '../rules/rule.js';
import type { UnfuseContext } from '../rules/unfuse-context.js';
import type { ShapeContext } from '../shapes/context.js';
import type { Facts } from '../shapes/facts.js';
import { ofRank } from './heads.js';
import { countTo } from './masks.js';

/** Normalisations fused with what comes before them: a residual connection, or the embeddings of BERT. */

/** What com.microsoft's normalisations take where no epsilon is given; ai.onnx's take 1e-5. */
const EPSILON = 1e-12;

/** Outputs that ONNX Runtime's CPU kernels declare and leave unwritten. */
const STATISTICS = { 1: 'mean', 2: 'inv_std_var' };

/** `[x + skip + bias]`: the residual stream, of the shape of x, to which the others broadcast. */
function residual(e: Emitter, x: string, skip: string, bias: string): string {
  const sum = e.assumeShape(e.addTo(x, skip), x);
  return bias === '' ? sum : e.assumeShape(e.addTo(sum, bias), x);
}

function layerNormalization(context: UnfuseContext, inputs: string[]): string {
  const epsilon = float(context.float('epsilon', EPSILON));
  return context.emitter.emit('LayerNormalization', inputs, { attributes: { axis: -1, epsilon } });
}

/** Inputs: x, skip, gamma, beta, bias. The fourth output is the sum. */
function unfuseSkipLayerNormalization(context: UnfuseContext): string[] {
  context.refuseOutputs(STATISTICS);
  const sum = residual(context.emitter, context.input(0), context.input(1), context.input(4));
  const beta = context.has(3) ? [context.input(3)] : [];
  return [layerNormalization(context, [sum, context.input(2), ...beta]), '', '', sum];
}

/** Inputs: x, skip, gamma, bias. The fourth output is the sum. */
function unfuseSkipSimplifiedLayerNormalization(context: UnfuseContext): string[] {
  context.refuseOutputs(STATISTICS);
  const { emitter: e } = context;
  const sum = residual(e, context.input(0), context.input(1), context.input(3));
  const epsilon = float(context.float('epsilon', EPSILON));
  const y = e.emit('SimplifiedLayerNormalization', [sum, context.input(2)], { attributes: { axis: -1, epsilon } });
  return [y, '', '', sum];
}

/** Both have y and the sum in the shape of x, and between them two statistics per row. */
function inferSkip(context: ShapeContext): Facts[] {
  const { type } = context.input(0);
  const y: Facts = { type, shape: ofRank(context.shape(0), 2, 3) };
  const statistics: Facts = { type: 'float32', shape: y.shape?.with(-1, 1) };
  return [y, statistics, statistics, y];
}

/**
 * The input of BERT: LayerNormalization(words[ids] + positions[0, 1, …] + segments[segment]), of `[batch, tokens]` int32 ids. The tables
 * are read by Gather, so that their gradients are rows. Further outputs: the number of tokens that the mask has in each sequence, and
 * the sum before it is normalised.
 */
function unfuseEmbedLayerNormalization(context: UnfuseContext): string[] {
  const { emitter: e } = context;
  const [ids, segments, words, positionTable, segmentTable] = [0, 1, 2, 3, 4].map((index) => context.input(index)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const rows = (table: string, indices: string) => e.emit('Gather', [table, indices], { attributes: { axis: 0 } });
  const word = rows(words, ids);
  const position = rows(positionTable, context.has(8) ? context.input(8) : countTo(e, e.extent(ids, 1)));
  const placed = e.assumeShape(e.addTo(word, position), word);
  const sum = segments === '' ? placed : e.assumeShape(e.addTo(placed, rows(segmentTable, segments)), word);
  const y = layerNormalization(context, [sum, context.input(5), context.input(6)]);
  return [y, context.makes(1) ? lengths(context) : '', sum];
}

/** int32 `[batch]`: how many ones each row of the mask has; 0 where there is no mask. */
function lengths(context: UnfuseContext): string {
  const { emitter: e } = context;
  const ids = context.input(0);
  if (context.has(7)) return e.emit('ReduceSum', [context.input(7), e.ints([1])], { attributes: { keepdims: 0 } });
  const zero = e.constant({ type: 'int32', dims: [1], data: Int32Array.of(0) });
  return e.emit('Expand', [zero, e.extent(ids, 0)]);
}

function inferEmbedLayerNormalization(context: ShapeContext): Facts[] {
  const [ids, words] = [ofRank(context.shape(0), 2), context.input(2)];
  const embedded: Facts = { type: words.type, shape: ids && [...ids, ofRank(words.shape, 2)?.[1] ?? null] };
  return [embedded, { type: 'int32', shape: ids?.slice(0, 1) }, embedded];
}

export const fusedNormalizationRules: OpRule[] = [
  {
    op: 'SkipLayerNormalization',
    domain: 'com.microsoft',
    infer: inferSkip,
    unfuse: unfuseSkipLayerNormalization,
  },
  {
    op: 'SkipSimplifiedLayerNormalization',
    domain: 'com.microsoft',
    infer: inferSkip,
    unfuse: unfuseSkipSimplifiedLayerNormalization,
  },
  {
    op: 'EmbedLayerNormalization',
    domain: 'com.microsoft',
    infer: inferEmbedLayerNormalization,
    unfuse: unfuseEmbedLayerNormalization,
  },
];
