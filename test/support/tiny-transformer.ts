import { type DataType, floats, GraphBuilder, int64Vector, type Model } from '@retort/onnx';
import { weights } from './tiny-models.js';

export interface TinyTransformerOptions {
  /** Default 2. */
  layers?: number;
  /** Default 8. */
  width?: number;
  /** Where each layer normalizes: after its residual sums, as BERT does, or before its parts, as GPT does. Default `post`. */
  norm?: 'post' | 'pre';
  /** Rows of the token table; `alike`: with the same values in each, so that it tells no token from another. Default 31 random rows. */
  table?: { rows?: number; alike?: boolean };
  /** Names of the inputs. Default all three. */
  inputs?: string[];
}

const POSITIONS = 64;

/**
 * A transformer encoder of one head as exporters write it: weights under meaningless names, the positions counted from the shape,
 * scalars and a mask among the initializers. Output `last_hidden_state` `[batch, tokens, width]`.
 */
export function tinyTransformer({
  layers = 2,
  width = 8,
  norm = 'post',
  table: { rows = 31, alike = false } = {},
  inputs = ['input_ids', 'attention_mask', 'token_type_ids'],
}: TinyTransformerOptions = {}): Model {
  const b = new GraphBuilder({ opset: 17 });
  for (const name of inputs) b.input(name, 'int64' as DataType, ['batch', 'tokens']);
  let count = 0;
  const weight = (dims: number[], scale: number, offset = 0) => {
    const data = weights(
      dims.reduce((a, d) => a * d),
      ++count,
    ).map((value) => offset + scale * value);
    return b.initializer(`onnx::${count}`, floats(dims, data));
  };
  const int64 = (...values: number[]) => b.constant(int64Vector(values));
  const scalarOf = (value: number) => b.constant(floats([], [value]));
  const normalize = (x: string) => b.add('LayerNormalization', [x, weight([width], 0.02, 1), weight([width], 0.02)]);
  const dense = (x: string, from: number, to: number) =>
    b.add('Add', [b.add('MatMul', [x, weight([from, to], 0.12)]), weight([to], 0.02)]);

  const token = weights(rows * width, 99).map((value, i, all) => 0.2 * (alike ? all[i % width] : value));
  let x = b.add('Gather', [b.initializer('onnx::table', floats([rows, width], token)), 'input_ids']);
  const int64Scalar = (value: bigint) => b.constant({ type: 'int64', dims: [], data: BigInt64Array.of(value) });
  const [zero, one] = [int64Scalar(0n), int64Scalar(1n)];
  const tokens = b.add('Gather', [b.add('Shape', ['input_ids']), one]);
  const positions = b.add('Unsqueeze', [b.add('Range', [zero, tokens, one]), int64(0)]);
  x = b.add('Add', [x, b.add('Gather', [weight([POSITIONS, width], 0.05), positions])]);
  if (inputs.includes('token_type_ids'))
    x = b.add('Add', [x, b.add('Gather', [weight([2, width], 0.05), 'token_type_ids'])]);
  if (norm === 'post') x = normalize(x);

  let mask: string | undefined;
  if (inputs.includes('attention_mask')) {
    const real = b.add('Cast', [b.add('Unsqueeze', ['attention_mask', int64(1)])], { attributes: { to: 1 } });
    mask = b.add('Mul', [b.add('Sub', [scalarOf(1), real]), scalarOf(-10_000)]); // [batch, 1, tokens]
  }
  for (let layer = 0; layer < layers; layer++) {
    const attended = norm === 'pre' ? normalize(x) : x;
    const [q, k, v] = [0, 1, 2].map(() => dense(attended, width, width));
    const transposed = b.add('Transpose', [k], { attributes: { perm: [0, 2, 1] } });
    let scores = b.add('Div', [b.add('MatMul', [q, transposed]), scalarOf(Math.sqrt(width))]);
    if (mask !== undefined) scores = b.add('Add', [scores, mask]);
    const context = b.add('MatMul', [b.add('Softmax', [scores], { attributes: { axis: -1 } }), v]);
    x = b.add('Add', [x, dense(context, width, width)]);
    if (norm === 'post') x = normalize(x);
    const inner = norm === 'pre' ? normalize(x) : x;
    x = b.add('Add', [x, dense(b.add('Relu', [dense(inner, width, 2 * width)]), 2 * width, width)]);
    if (norm === 'post') x = normalize(x);
  }
  if (norm === 'pre') x = normalize(x);
  b.add('Identity', [x], { outputs: ['last_hidden_state'] });
  b.output('last_hidden_state', 'float32', ['batch', 'tokens', width]);
  return b.build();
}
