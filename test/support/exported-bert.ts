import {
  float,
  floatScalar,
  floats,
  GraphBuilder,
  int64s,
  int64Vector,
  type Model,
} from '../../packages/onnx/src/index.ts';

export interface ExportedBertOptions {
  layers: number;
  width: number;
  heads: number;
  intermediate: number;
  vocabulary: number;
  positions: number;
  /**
   * How dense layers are spelt: `matmul` with an Add and anonymous names, as exporters of BERT do; `gemm` on flattened
   * states with transposed weights; `fused qkv`: one product that is cut in three; `fused attention`: the same weights in ONNX
   * Runtime's operator for all of it.
   */
  style: 'matmul' | 'gemm' | 'fused qkv' | 'fused attention';
}

/** A BERT with token vectors `last_hidden_state`, as an exporter writes it: three inputs, a spelt-out GELU, anonymous weights. */
export function exportedBert(options: ExportedBertOptions): Model {
  const { layers, width, heads, intermediate, vocabulary, positions, style } = options;
  const b = new GraphBuilder({ opset: 17 });
  let state = 12345;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const tensor = (dims: number[], offset = 0) =>
    b.constant(
      floats(
        dims,
        Array.from({ length: dims.reduce((a, n) => a * n, 1) }, () => offset + 0.4 * random()),
      ),
      'onnx::W',
    );
  const ints = (...values: number[]) => b.constant(int64Vector(values));
  const dense = (x: string, from: number, to: number) => {
    if (style !== 'gemm') return b.add('Add', [tensor([to]), b.add('MatMul', [x, tensor([from, to])])]);
    const flat = b.add('Reshape', [x, ints(-1, from)]);
    const product = b.add('Gemm', [flat, tensor([to, from]), tensor([to])], { attributes: { transB: 1 } });
    return b.add('Reshape', [product, b.add('Concat', [batchAndTokens, ints(to)], { attributes: { axis: 0 } })]);
  };
  const norm = (x: string) =>
    b.add('LayerNormalization', [x, tensor([width], 1), tensor([width])], {
      attributes: { axis: -1, epsilon: float(1e-12) },
    });
  const ids = b.input('input_ids', 'int64', ['batch', 'tokens']);
  const mask = b.input('attention_mask', 'int64', ['batch', 'tokens']);
  const segments = b.input('token_type_ids', 'int64', ['batch', 'tokens']);

  const batchAndTokens = b.add('Shape', [ids]);
  const tokens = b.add('Gather', [batchAndTokens, b.constant(int64s([], [1]))]);
  const range = b.add('Range', [b.constant(int64s([], [0])), tokens, b.constant(int64s([], [1]))]);
  const words = b.add('Gather', [tensor([vocabulary, width]), ids]);
  const typed = b.add('Add', [words, b.add('Gather', [tensor([2, width]), segments])]);
  let x = norm(
    b.add('Add', [typed, b.add('Gather', [tensor([positions, width]), b.add('Unsqueeze', [range, ints(0)])])]),
  );
  const real = b.add('Cast', [b.add('Unsqueeze', [mask, ints(1, 2)])], { attributes: { to: 1 } });
  const bias = b.add('Mul', [b.add('Sub', [b.constant(floatScalar(1)), real]), b.constant(floatScalar(-1e9))]);

  const headWidth = width / heads;
  const byHead = (value: string, perm: number[]) =>
    b.add('Transpose', [b.add('Reshape', [value, ints(0, 0, heads, headWidth)])], { attributes: { perm } });
  const fusedAttention = (x: string) => {
    const [biases, weights] = [tensor([3 * width]), tensor([width, 3 * width])];
    const seen = b.add('Cast', [mask], { attributes: { to: 6 } });
    return b.add('Attention', [x, weights, biases, seen], {
      domain: 'com.microsoft',
      attributes: { num_heads: heads },
    });
  };
  const plainAttention = (x: string) => {
    const parts =
      style === 'fused qkv'
        ? b.addMany('Split', [dense(x, width, 3 * width), ints(width, width, width)], {
            attributes: { axis: -1 },
            outputs: ['q', 'k', 'v'].map((part) => b.unique(part)),
          })
        : [0, 1, 2].map(() => dense(x, width, width));
    const [q, k, v] = parts as [string, string, string];
    const product = b.add('MatMul', [byHead(q, [0, 2, 1, 3]), byHead(k, [0, 2, 3, 1])]);
    const scores = b.add('Add', [b.add('Div', [product, b.constant(floatScalar(Math.sqrt(headWidth)))]), bias]);
    const context = b.add('MatMul', [
      b.add('Softmax', [scores], { attributes: { axis: -1 } }),
      byHead(v, [0, 2, 1, 3]),
    ]);
    return b.add('Reshape', [b.add('Transpose', [context], { attributes: { perm: [0, 2, 1, 3] } }), ints(0, 0, width)]);
  };
  for (let layer = 0; layer < layers; layer++) {
    const merged = style === 'fused attention' ? fusedAttention(x) : plainAttention(x);
    const attended = norm(b.add('Add', [dense(merged, width, width), x]));
    const up = dense(attended, width, intermediate);
    const erf = b.add('Erf', [b.add('Div', [up, b.constant(floatScalar(Math.SQRT2))])]);
    const inner = b.add('Mul', [
      b.add('Mul', [up, b.add('Add', [erf, b.constant(floatScalar(1))])]),
      b.constant(floatScalar(0.5)),
    ]);
    x = norm(b.add('Add', [dense(inner, intermediate, width), attended]));
  }
  b.output(b.add('Identity', [x], { outputs: ['last_hidden_state'] }), 'float32', ['batch', 'tokens', width]);
  return b.build();
}
