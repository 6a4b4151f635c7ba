import { findValue, GraphBuilder, type Model } from '@retort/onnx';
import type { EmbeddingOutput } from './embedding-output.js';
import { IR_VERSION, OLDEST_OPSET, opsetOf, reduce, scalar, unsqueezeLast } from './graph-ops.js';
import { invalidTeacher } from './invalid-teacher.js';

/** The output of {@link encoderGraph}. */
export const EMBEDDING = 'retort_embedding';

/** ONNX's code of float32, for Cast. */
const FLOAT32 = 1;

export interface EncoderGraphOptions extends EmbeddingOutput {
  /** Whether each embedding is scaled to unit length. Default false. */
  normalize?: boolean;
}

/**
 * An encoder's graph with pooling inside: one output, {@link EMBEDDING}, float32 `[batch, width]`.
 *
 * - `mean`: Σ_t mask_t · h_t / Σ_t mask_t over the tokens that are no padding (all, for a graph without `attention_mask`)
 * - `cls`: h_0
 * - `none`: the output as it is
 */
export function encoderGraph(model: Model, { output, pooling, normalize = false }: EncoderGraphOptions): Model {
  const b = new GraphBuilder({ base: model });
  if (opsetOf(b) < OLDEST_OPSET) {
    throw invalidTeacher(`The model uses operator set ${opsetOf(b)} of ONNX: export it with ${OLDEST_OPSET} or later.`);
  }
  const port = findValue(b.graph.outputs, output);
  if (port === undefined) throw invalidTeacher(`The model has no output "${output}".`);
  let x = port.type === 'float32' ? output : b.add('Cast', [output], { attributes: { to: FLOAT32 } });
  if (pooling === 'cls') {
    x = b.add('Gather', [x, b.constant({ type: 'int64', dims: [], data: BigInt64Array.of(0n) })], {
      attributes: { axis: 1 },
    });
  } else if (pooling === 'mean') x = meanOverTokens(b, x);
  if (normalize) {
    const squares = reduce(b, 'ReduceSum', b.add('Mul', [x, x]), -1, { keepdims: true });
    x = b.add('Div', [x, b.add('Max', [b.add('Sqrt', [squares]), scalar(b, 1e-12)])]);
  }
  b.add('Identity', [x], { outputs: [EMBEDDING] });
  b.graph.outputs = [];
  b.output(EMBEDDING, 'float32', ['batch', port.shape?.at(-1) ?? null]);
  return {
    ...b.build(),
    producer: model.producer,
    irVersion: Math.max(model.irVersion, IR_VERSION),
    metadata: model.metadata,
  };
}

function meanOverTokens(b: GraphBuilder, hidden: string): string {
  if (findValue(b.graph.inputs, 'attention_mask') === undefined)
    return reduce(b, 'ReduceMean', hidden, 1, { keepdims: false });
  const mask = unsqueezeLast(b, b.add('Cast', ['attention_mask'], { attributes: { to: FLOAT32 } }));
  const sum = reduce(b, 'ReduceSum', b.add('Mul', [hidden, mask]), 1, { keepdims: false });
  const count = reduce(b, 'ReduceSum', mask, 1, { keepdims: false });
  return b.add('Div', [sum, b.add('Max', [count, scalar(b, 1e-9)])]);
}
