import { RetortError } from '@retort/contracts/values';
import type { Model, Node } from '@retort/onnx';
import { type DenseWeights, type FoundDense, GraphWalk } from './graph-walk.js';

/** A table `[rows, width]`, row-major. */
interface TableWeights {
  rows: number;
  values: Float32Array;
}

/** Scale and bias of a layer normalization, `[width]` each. */
export interface NormWeights {
  scale: Float32Array;
  bias: Float32Array;
}

export interface BertLayerWeights {
  query: DenseWeights;
  key: DenseWeights;
  value: DenseWeights;
  output: DenseWeights;
  attentionNorm: NormWeights;
  up: DenseWeights;
  down: DenseWeights;
  feedForwardNorm: NormWeights;
}

/** The weights of a BERT, wherever its exporter put them. */
export interface BertWeights {
  width: number;
  heads: number;
  words: TableWeights;
  /** With the embedding of the first segment added, where there are segments: every text is one of them. */
  positions: TableWeights;
  embeddingNorm: NormWeights;
  layers: BertLayerWeights[];
}

/** Where a layer's values are in a graph, by name. */
export interface BertLayerPlaces {
  /** What the layer gives: `[…, width]`, one row per token. */
  hidden: string;
  /** Its attention maps: the elements of `[batch, heads, queries, keys]` in that order. */
  attention: string;
  /** Its projections, the heads side by side: the elements of `[batch, tokens, width]` in that order. */
  query: string;
  key: string;
  value: string;
}

/** The layers of a BERT, as values of a graph. */
export interface BertPlaces {
  width: number;
  heads: number;
  layers: BertLayerPlaces[];
}

/** A layer normalization of the graph: what it reads and what it makes. */
interface FoundNorm extends NormWeights {
  x: string;
  y: string;
}

/**
 * Finds the weights of a BERT-shaped encoder in an imported graph by its structure, whatever its values are called: behind the
 * embeddings' normalization each layer is LayerNormalization(x + attention(x)) and LayerNormalization(x + feedForward(x)).
 * What follows the layers (pooling, a classifier) does not matter. Scores are taken to be scaled by 1/√headWidth.
 *
 * @throws RetortError `RT_UNSUPPORTED_OP` for a graph of another shape, saying what was looked for
 */
export function readBert(model: Model): BertWeights {
  return new BertReader(new GraphWalk(model)).read();
}

/**
 * Finds where the layers of a BERT-shaped encoder leave their values, as {@link readBert} finds its weights. What is before the layers
 * does not matter: positions may be counted or added in any way.
 *
 * @throws RetortError `RT_UNSUPPORTED_OP` for a graph of another shape, saying what was looked for
 */
export function findBertLayers(walk: GraphWalk): BertPlaces {
  return new BertReader(walk).places();
}

interface FoundLayer {
  weights: BertLayerWeights;
  places: BertLayerPlaces;
}

class BertReader {
  readonly #walk: GraphWalk;
  readonly #norms: FoundNorm[];

  constructor(walk: GraphWalk) {
    this.#walk = walk;
    this.#norms = this.#walk.nodes.flatMap((node) => this.#norm(node));
  }

  read(): BertWeights {
    const embeddingNorm = this.#embeddingNorm();
    const width = embeddingNorm.scale.length;
    const { words, positions } = this.#embeddings(embeddingNorm, width);
    const { heads, layers } = this.#layers(embeddingNorm);
    return { width, heads, words, positions, embeddingNorm, layers: layers.map(({ weights }) => weights) };
  }

  places(): BertPlaces {
    const embeddingNorm = this.#embeddingNorm();
    const { heads, layers } = this.#layers(embeddingNorm);
    return { width: embeddingNorm.scale.length, heads, layers: layers.map(({ places }) => places) };
  }

  #embeddingNorm(): FoundNorm {
    const [norm] = this.#norms;
    if (!norm) throw unlike('it has no LayerNormalization');
    return norm;
  }

  #layers(embeddingNorm: FoundNorm): { heads: number; layers: FoundLayer[] } {
    const rest = this.#norms.slice(1);
    const layers: FoundLayer[] = [];
    let heads = 0;
    let x = embeddingNorm.y;
    for (let at = 0; at + 1 < rest.length; at += 2) {
      const [attention, feedForward] = rest.slice(at, at + 2) as [FoundNorm, FoundNorm];
      const attended = this.#attention(attention, x, layers.length);
      // A normalization that is not a residual's ends the layers: a head of the model has its own.
      if (!attended) break;
      heads = attended.heads;
      layers.push({
        weights: {
          ...attended.weights,
          attentionNorm: attention,
          ...this.#feedForward(feedForward, attention.y, layers.length),
          feedForwardNorm: feedForward,
        },
        places: { ...attended.places, hidden: feedForward.y },
      });
      x = feedForward.y;
    }
    if (layers.length === 0)
      throw unlike('no layer of the form LayerNormalization(x + attention(x)) follows the embeddings');
    return { heads, layers };
  }

  #norm({ op, domain, inputs, outputs }: Node): FoundNorm[] {
    if (op !== 'LayerNormalization' || domain !== '') return [];
    const [x = '', scale, bias] = inputs;
    const [gain, shift] = [this.#walk.constant(scale), this.#walk.constant(bias)];
    if (gain?.dims.length !== 1) return [];
    const values = gain.data as Float32Array;
    return [
      {
        x,
        y: outputs[0] as string,
        scale: values,
        bias: (shift?.data as Float32Array | undefined) ?? new Float32Array(values.length),
      },
    ];
  }

  /** The sum of tables that the first normalization reads: words by `input_ids`, segments by `token_type_ids`, positions. */
  #embeddings({ x }: FoundNorm, width: number): { words: TableWeights; positions: TableWeights } {
    const tables = new Map<'words' | 'segments' | 'positions', TableWeights>();
    for (const leaf of this.#terms(x)) {
      const node = this.#walk.producer(leaf);
      const table = this.#walk.constant(node?.inputs[0]);
      if (!node || !['Gather', 'Slice'].includes(node.op) || table?.dims.at(-1) !== width) {
        throw unlike(`the embeddings are no sum of tables [rows, ${width}]`);
      }
      const kind = this.#indexOf(node, table.dims[0]);
      if (tables.has(kind)) throw unlike(`it has two tables of ${kind}`);
      tables.set(kind, { rows: table.dims[0], values: table.data as Float32Array });
    }
    const [words, positions, segments] = [tables.get('words'), tables.get('positions'), tables.get('segments')];
    if (!words || !positions) throw unlike('the embeddings have no table that input_ids read, or none of positions');
    const values = positions.values.slice();
    if (segments) for (let i = 0; i < values.length; i++) values[i] += segments.values[i % width];
    return { words, positions: { rows: positions.rows, values } };
  }

  /** The terms of a sum, through nested additions. */
  #terms(value: string): string[] {
    const source = this.#walk.source(value);
    const node = this.#walk.producer(source);
    return node?.op === 'Add' ? node.inputs.flatMap((input) => this.#terms(input)) : [source];
  }

  #indexOf(node: Node, rows: number): 'words' | 'segments' | 'positions' {
    if (node.op === 'Slice') return 'positions';
    const index = this.#walk.source(node.inputs[1] as string);
    if (index === 'input_ids') return 'words';
    if (index === 'token_type_ids') return 'segments';
    if (this.#walk.producer(index)?.op === 'CumSum')
      throw unlike('its positions are counted from the padding, as in RoBERTa');
    // Without the input, exporters write the segments as zeros; there are two of them, and never so few positions.
    return rows <= 2 ? 'segments' : 'positions';
  }

  /** What was added to `x` before a normalization, or undefined where that is no residual of x. */
  #sublayer(norm: FoundNorm, x: string): string | undefined {
    const sum = this.#walk.producer(this.#walk.source(norm.x));
    if (sum?.op !== 'Add') return undefined;
    const at = sum.inputs.findIndex((input) => this.#walk.source(input) === this.#walk.source(x));
    return at < 0 ? undefined : sum.inputs[1 - at];
  }

  #attention(norm: FoundNorm, x: string, layer: number) {
    const walk = this.#walk;
    const sublayer = this.#sublayer(norm, x);
    if (sublayer === undefined) return undefined;
    const output = walk.dense(sublayer);
    const context = output && walk.producer(walk.source(output.x));
    const weights = context?.op === 'MatMul' ? walk.producer(walk.source(context.inputs[0] as string)) : undefined;
    if (!output || !context || weights?.op !== 'Softmax') {
      throw unlike(`layer ${layer} has no softmax(…)·v before its output projection`);
    }
    const scores = walk.findBack(weights.inputs[0] as string, (value) => {
      const node = walk.producer(value);
      return node?.op === 'MatMul' || node?.op === 'FusedMatMul' ? node : undefined;
    });
    const [query, key, value] = [scores?.inputs[0], scores?.inputs[1], context.inputs[1]].map((operand) =>
      operand === undefined ? undefined : this.#projection(operand, x),
    );
    if (!query || !key || !value) throw unlike(`the attention of layer ${layer} has no projections of x to q, k and v`);
    const heads = walk.shape(scores?.inputs[0] as string)?.at(-3);
    const { from, to } = query.weights;
    if (to !== from) throw unlike(`the heads of layer ${layer} are together ${to} wide, the states ${from}`);
    if (typeof heads !== 'number' || to % heads !== 0)
      throw unlike(`layer ${layer} does not say how many heads it has`);
    return {
      heads,
      weights: { query: query.weights, key: key.weights, value: value.weights, output },
      places: {
        attention: weights.outputs[0] as string,
        query: query.place,
        key: key.place,
        value: value.place,
      },
    };
  }

  /** The dense layer from x behind an operand of the attention; a third of it where q, k and v are one product that is cut. */
  #projection(operand: string, x: string): { weights: DenseWeights; place: string } | undefined {
    const walk = this.#walk;
    const isOfX = (found: FoundDense | undefined) =>
      found && walk.source(found.x) === walk.source(x) ? found : undefined;
    return walk.findBack(operand, (value) => {
      const split = walk.producer(value);
      if (split?.op !== 'Split') {
        const weights = isOfX(walk.dense(value));
        return weights && { weights, place: walk.source(value) };
      }
      const joint = isOfX(walk.dense(split.inputs[0] as string));
      return joint && split.outputs.length === 3 && this.#cutsColumns(split, joint)
        ? { weights: columns(joint, split.outputs.indexOf(value)), place: value }
        : undefined;
    });
  }

  /** Whether the parts of a split are thirds of the columns of `joint` as they stand: by the last axis, or by whole heads. */
  #cutsColumns(split: Node, joint: FoundDense): boolean {
    const shape = this.#walk.shape(split.inputs[0] as string);
    const { axis } = split.attributes;
    if (!shape || axis?.kind !== 'int') return false;
    const at = axis.value < 0 ? axis.value + shape.length : axis.value;
    const extent = shape[at];
    const inner = shape.at(-1);
    if (typeof extent !== 'number' || typeof inner !== 'number') return false;
    return at === shape.length - 1 ? extent === joint.to : extent * inner === joint.to;
  }

  #feedForward(norm: FoundNorm, x: string, layer: number): { up: DenseWeights; down: DenseWeights } {
    const sublayer = this.#sublayer(norm, x);
    const down = sublayer === undefined ? undefined : this.#walk.dense(sublayer);
    const up =
      down &&
      this.#walk.findBack(down.x, (value) => {
        const found = this.#walk.dense(value);
        return found && this.#walk.source(found.x) === this.#walk.source(x) ? found : undefined;
      });
    if (!down || !up) throw unlike(`layer ${layer} has no feed-forward part of two dense layers`);
    return { up, down };
  }
}

/** The `part`-th third of the columns of a dense layer. */
function columns({ from, to, weight, bias }: DenseWeights, part: number): DenseWeights {
  const width = to / 3;
  const start = part * width;
  const cut = new Float32Array(from * width);
  for (let i = 0; i < from; i++) cut.set(weight.subarray(i * to + start, i * to + start + width), i * width);
  return { from, to: width, weight: cut, bias: bias.slice(start, start + width) };
}

function unlike(reason: string): RetortError {
  return new RetortError('RT_UNSUPPORTED_OP', `The model is not shaped like BERT: ${reason}.`);
}
