import { floats, GraphBuilder } from '@retort/onnx';
import { normalValues, Random } from '../random.js';
import type { TrainableModel } from '../trainable.js';

export interface MlpHeadOptions {
  /** Width of the features. */
  inputWidth: number;
  /** Width of the hidden layer; 0 makes a linear classifier. */
  hidden: number;
  classes: number;
  seed: number;
}

/**
 * A classifier over fixed features: `features` float32 `[batch, inputWidth]` → LayerNormalization → one hidden layer with
 * Relu → `logits` `[batch, classes]`. The normalization makes the head indifferent to the scale of the encoder's
 * embeddings, so that one learning rate serves all of them.
 */
export function mlpHead({ inputWidth, hidden, classes, seed }: MlpHeadOptions): TrainableModel {
  const random = new Random(seed);
  const b = new GraphBuilder({ name: 'mlp_head' });
  const trainable: string[] = [];
  const weight = (name: string, dims: number[], data?: Float32Array) => {
    trainable.push(name);
    return b.initializer(name, floats(dims, data));
  };
  const dense = (name: string, x: string, from: number, to: number, outputs?: string[]) => {
    const kernel = weight(`${name}.weight`, [from, to], normalValues(random, from * to, Math.sqrt(1 / from)));
    return b.add('Gemm', [x, kernel, weight(`${name}.bias`, [to])], { outputs });
  };
  const features = b.input('features', 'float32', ['batch', inputWidth]);
  const scale = weight('head.norm.scale', [inputWidth], new Float32Array(inputWidth).fill(1));
  let x = b.add('LayerNormalization', [features, scale, weight('head.norm.bias', [inputWidth])]);
  if (hidden > 0) x = b.add('Relu', [dense('head.hidden', x, inputWidth, hidden)]);
  b.output(dense('head.output', x, hidden || inputWidth, classes, ['logits']), 'float32', ['batch', classes]);
  return { model: b.build(), trainable };
}
