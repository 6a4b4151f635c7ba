import type { TrainableModel } from '@retort/learn';
import { floatScalar, floats, GraphBuilder, int64Vector } from '@retort/onnx';
import { EMBEDDING_TAP } from '../../packages/learn/src/students/student-taps.ts';

/** Sizes of a {@link bagClassifier}. */
export interface BagSizes {
  vocabulary: number;
  width: number;
  classes: number;
}

/** Some numbers without a pattern, in [-1, 1]. */
const noise = (count: number, seed: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin((i + 1) * 12.9898 + seed * 78.233));

/**
 * A small text classifier with a table that gets sparse gradients and weights that get dense ones: the masked sum of embeddings,
 * LayerNormalization, where `dropout` is above 0 a Dropout node, and a linear layer. Inputs as of any student.
 */
export function bagClassifier({ vocabulary, width, classes }: BagSizes, dropout = 0): TrainableModel {
  const b = new GraphBuilder();
  b.input('input_ids', 'int64', ['batch', 'tokens']);
  b.input('attention_mask', 'int64', ['batch', 'tokens']);
  b.initializer('table', floats([vocabulary, width], noise(vocabulary * width, 1)));
  b.initializer(
    'scale',
    floats(
      [width],
      noise(width, 2).map((x) => 1 + 0.3 * x),
    ),
  );
  b.initializer(
    'shift',
    floats(
      [width],
      noise(width, 3).map((x) => 0.3 * x),
    ),
  );
  b.initializer('kernel', floats([width, classes], noise(width * classes, 4)));
  b.initializer('bias', floats([classes], noise(classes, 5)));
  const mask = b.add('Cast', ['attention_mask'], { attributes: { to: 1 } });
  const sum = b.add('MatMul', [
    b.add('Unsqueeze', [mask, b.constant(int64Vector([1]))]),
    b.add('Gather', ['table', 'input_ids']),
  ]);
  const flat = b.add('Reshape', [sum, b.constant(int64Vector([-1, width]))]);
  let x = b.add('LayerNormalization', [flat, 'scale', 'shift'], { outputs: [EMBEDDING_TAP] });
  if (dropout > 0) x = b.add('Dropout', [x, b.constant(floatScalar(dropout))]);
  b.output(b.add('Gemm', [x, 'kernel', 'bias'], { outputs: ['logits'] }), 'float32', ['batch', classes]);
  return { model: b.build(), trainable: ['table', 'scale', 'shift', 'kernel', 'bias'] };
}
