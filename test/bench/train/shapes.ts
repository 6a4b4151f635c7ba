/** What every reference shape has. */
interface CommonShape {
  name: string;
  /** Texts in one step. */
  batch: number;
  /** Tokens of each text, none of them padding. */
  tokens: number;
  /** Token ids are drawn evenly from those below it: no row of a table is touched more often than by chance. */
  vocabulary: number;
  classes: number;
}

interface TransformerSizes {
  layers: number;
  width: number;
  heads: number;
  /** Width inside the feed-forward layers. */
  intermediate: number;
}

interface EncoderShape extends CommonShape, TransformerSizes {
  family: 'encoder';
}

export interface MinilmShape extends CommonShape, TransformerSizes {
  family: 'minilm';
}

interface StaticShape extends CommonShape {
  family: 'static';
  /** Width of one n-gram order's embedding. */
  width: number;
  /** Wanted rows of the table; the student takes the largest prime that is not above. */
  buckets: number;
  minGram: number;
  maxGram: number;
  hidden: number;
}

export type ReferenceShape = EncoderShape | MinilmShape | StaticShape;

const TEXTS = { batch: 64, tokens: 32, vocabulary: 8192, classes: 150 };

/** Heads of width 64, as BERT has them: these are the sizes of BERT-Tiny and BERT-Mini (Turc et al. 2019). */
function encoder(layers: number, width: number): EncoderShape {
  const sizes = { layers, width, heads: width / 64, intermediate: 4 * width };
  return { name: `encoder ${layers}x${width}`, family: 'encoder', ...TEXTS, ...sizes };
}

/** The shapes that training speed is measured at. */
export const SHAPES: readonly ReferenceShape[] = [
  encoder(2, 128),
  encoder(4, 256),
  {
    name: 'static 256',
    family: 'static',
    ...TEXTS,
    width: 256,
    buckets: 16_384,
    minGram: 2,
    maxGram: 5,
    hidden: 256,
  },
  // all-MiniLM-L6-v2, with its own vocabulary.
  {
    name: 'minilm',
    family: 'minilm',
    batch: 16,
    tokens: 32,
    vocabulary: 30_522,
    classes: 150,
    layers: 6,
    width: 384,
    heads: 12,
    intermediate: 1536,
  },
];

/**
 * Floating point operations of one training step, a multiplication and an addition counted as two: those of the matrix products
 * of the forward pass, three times, since the backward pass makes two products of the same size out of each (one for the gradient of
 * either factor). Embeddings, normalizations, activations, pooling, loss and optimizer are not counted.
 *
 * Forward, with B texts of S tokens, C classes, width W and feed-forward width I:
 *
 *     transformer  B·S · layers · (2·W·3W  +  2·W·W  +  2·2·W·I  +  2·2·S·W)  +  B · 2·W·C
 *                               q, k, v    output    up, down    q·kᵀ and ·v     classifier
 *     static       B · 2·(orders·W·hidden + hidden·C)
 */
export function flopsPerStep(shape: ReferenceShape): number {
  return 3 * (shape.family === 'static' ? staticForward(shape) : transformerForward(shape));
}

function transformerForward(shape: EncoderShape | MinilmShape): number {
  const { batch, tokens, layers, width, intermediate, classes } = shape;
  const projections = 2 * width * 3 * width + 2 * width * width;
  const feedForward = 2 * 2 * width * intermediate;
  const attention = 2 * 2 * tokens * width;
  return batch * tokens * layers * (projections + feedForward + attention) + batch * 2 * width * classes;
}

function staticForward({ batch, width, minGram, maxGram, hidden, classes }: StaticShape): number {
  const orders = maxGram - minGram + 1;
  return batch * 2 * (orders * width * hidden + hidden * classes);
}
