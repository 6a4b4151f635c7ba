import { floatScalar, type GraphBuilder, int64Vector } from '@retort/onnx';
import { LOSS } from '../loss/loss-options.js';
import { extentsOf } from '../transformer/extents.js';

const FLOAT32 = 1;
const MASK = 'attention_mask';

/**
 * What the terms of a feature loss are made with. Every term is first a mean over what is real of one text, then the mean over the
 * texts: how far a batch was padded, and what else is in it, does not matter to a text's share.
 */
export class FeatureGraph {
  readonly builder: GraphBuilder;
  #mask: string | undefined;
  #share: string | undefined;

  constructor(builder: GraphBuilder) {
    this.builder = builder;
  }

  /** float32 `[batch, tokens]`: 1 for a token, 0 for padding. */
  get mask(): string {
    this.#mask ??= this.builder.add('Cast', [MASK], { attributes: { to: FLOAT32 } });
    return this.#mask;
  }

  /** An input of the graph, declared when it is first named. */
  input(name: string, shape: (string | number)[]): string {
    return this.#has(name) ? name : this.builder.input(name, 'float32', shape);
  }

  #has(name: string): boolean {
    return this.builder.graph.inputs.some((input) => input.name === name);
  }

  /** `[batch·tokens, …]` or `[batch, tokens, …]` as `[batch, tokens, ...extents]`. */
  byToken(value: string, ...extents: number[]): string {
    return this.builder.add('Reshape', [value, extentsOf(this.builder, MASK, extents)]);
  }

  scale(value: string, factor: number): string {
    return factor === 1 ? value : this.builder.add('Mul', [value, this.builder.constant(floatScalar(factor))]);
  }

  /** Sums over an axis, which is left out, or kept with extent 1. */
  sum(value: string, axis: number, { keep = false }: { keep?: boolean } = {}): string {
    return this.builder.add('ReduceSum', [value, this.builder.constant(int64Vector([axis]), 'axes')], {
      attributes: { keepdims: keep ? 1 : 0 },
    });
  }

  /** The mean over the tokens of each text, then over the texts, of a value `[batch, tokens]`: a scalar. */
  meanOverTokens(value: string): string {
    const b = this.builder;
    // Each token's share of its text, mask/Σmask; a text without tokens has no share in the loss.
    this.#share ??= b.add('Div', [
      this.mask,
      b.add('Max', [this.sum(this.mask, 1, { keep: true }), b.constant(floatScalar(1))]),
    ]);
    return this.meanOverTexts(this.sum(b.add('Mul', [value, this.#share]), 1));
  }

  /** The mean of a value `[batch]`: a scalar. Where rows have weights, each value is multiplied by its row's, as the rest of the loss is. */
  meanOverTexts(value: string): string {
    const counted = this.#has(LOSS.rowWeights) ? this.builder.add('Mul', [value, LOSS.rowWeights]) : value;
    return this.builder.add('ReduceMean', [counted], { attributes: { keepdims: 0 } });
  }
}
