import { type GraphBuilder, int64Vector } from '@retort/onnx';

/** Oldest operator set of ai.onnx that can be added to. */
export const OLDEST_OPSET = 11;

/** Oldest version of the file format that is written: before 4, weights had to be inputs too. */
export const IR_VERSION = 8;

/** Operator set of ai.onnx from which a reduction takes its axes as an input. */
const AXES_INPUT_SINCE = { ReduceSum: 13, ReduceMean: 18 } as const;

/** Adds a reduction in the form that the graph's operator set has for it. */
export function reduce(
  b: GraphBuilder,
  op: keyof typeof AXES_INPUT_SINCE,
  x: string,
  axis: number,
  { keepdims }: { keepdims: boolean },
): string {
  const attributes = { keepdims: keepdims ? 1 : 0 };
  return opsetOf(b) >= AXES_INPUT_SINCE[op]
    ? b.add(op, [x, b.constant(int64Vector([axis]), 'axes')], { attributes })
    : b.add(op, [x], { attributes: { ...attributes, axes: [axis] } });
}

/** Adds a dimension of extent 1 at the end. */
export function unsqueezeLast(b: GraphBuilder, x: string): string {
  return opsetOf(b) >= 13
    ? b.add('Unsqueeze', [x, b.constant(int64Vector([-1]), 'axes')])
    : b.add('Unsqueeze', [x], { attributes: { axes: [-1] } });
}

/**
 * Layer normalization over the last axis, (x - mean) / sqrt(variance + epsilon) · scale + bias; spelled out where the
 * graph's operator set has no operator for it (before 17).
 */
export function layerNormalization(
  b: GraphBuilder,
  [x, scale, bias]: [string, string, string],
  epsilon: number,
): string {
  if (opsetOf(b) >= 17) {
    return b.add('LayerNormalization', [x, scale, bias], {
      attributes: { axis: -1, epsilon: { kind: 'float', value: epsilon } },
    });
  }
  const centred = b.add('Sub', [x, reduce(b, 'ReduceMean', x, -1, { keepdims: true })]);
  const variance = reduce(b, 'ReduceMean', b.add('Mul', [centred, centred]), -1, { keepdims: true });
  const deviation = b.add('Sqrt', [b.add('Add', [variance, scalar(b, epsilon)])]);
  return b.add('Add', [b.add('Mul', [b.add('Div', [centred, deviation]), scale]), bias]);
}

/** A float32 constant. */
export function scalar(b: GraphBuilder, value: number): string {
  return b.constant({ type: 'float32', dims: [], data: Float32Array.of(value) });
}

export function opsetOf(b: GraphBuilder): number {
  return b.opsets.get('') ?? 1;
}
