import { float, floatScalar, floats, type GraphBuilder, int64Vector } from '@retort/onnx';
import { normalValues, Random } from '../random.js';

/** BERT's standard deviation of new weights. Not truncated, as Hugging Face draws them. */
const WEIGHT_DEVIATION = 0.02;

/**
 * The layers that transformers are made of, with their new weights: matrices normal(0, 0.02), biases 0, scales 1.
 *
 * Activations are matrices `[rows, width]`, one row per token: a dense layer is then one `Gemm`, its bias included, in training
 * as in use.
 */
export class TransformerLayers {
  readonly builder: GraphBuilder;
  /** Names of the weights so far. */
  readonly trainable: string[] = [];
  readonly #random: Random;
  readonly #dropout: number;

  /** @param options.dropout share of the elements that {@link dropout} zeroes, 0 to 1 */
  constructor(builder: GraphBuilder, { seed, dropout = 0 }: { seed: number; dropout?: number }) {
    this.builder = builder;
    this.#random = new Random(seed);
    this.#dropout = dropout;
  }

  /** A new matrix or table. */
  matrix(name: string, rows: number, width: number): string {
    return this.#weight(name, [rows, width], normalValues(this.#random, rows * width, WEIGHT_DEVIATION));
  }

  /** A new vector, all elements of one value. */
  vector(name: string, width: number, value: number): string {
    return this.#weight(name, [width], new Float32Array(width).fill(value));
  }

  /** x·W + b: `[rows, from]` → `[rows, to]`, with the weights `name.weight` `[from, to]` and `name.bias`. */
  dense(name: string, x: string, from: number, to: number, outputs?: string[]): string {
    const kernel = this.matrix(`${name}.weight`, from, to);
    return this.builder.add('Gemm', [x, kernel, this.vector(`${name}.bias`, to, 0)], { outputs });
  }

  /** LayerNormalization over the last axis, with the weights `name.scale` and `name.bias`. */
  layerNorm(name: string, x: string, width: number, epsilon: number, outputs?: string[]): string {
    const weights = [this.vector(`${name}.scale`, width, 1), this.vector(`${name}.bias`, width, 0)];
    return this.builder.add('LayerNormalization', [x, ...weights], {
      attributes: { epsilon: float(epsilon) },
      outputs,
    });
  }

  /**
   * A `Dropout` node, or nothing where the ratio is 0. It has no `training_mode`, so that it passes everything on until the training
   * loop turns it on; packaging takes it out.
   */
  dropout(x: string): string {
    if (this.#dropout === 0) return x;
    return this.builder.add('Dropout', [x, this.builder.constant(floatScalar(this.#dropout), 'dropout_ratio')]);
  }

  /** Reshape to the given extents, where 0 keeps that axis and -1 takes what is left. */
  reshape(x: string, ...extents: number[]): string {
    return this.builder.add('Reshape', [x, this.builder.constant(int64Vector(extents), 'extents')]);
  }

  #weight(name: string, dims: number[], values: Float32Array): string {
    this.trainable.push(name);
    return this.builder.initializer(name, floats(dims, values));
  }
}
