import { RetortError } from '@retort/contracts/values';
import { floatScalar, GraphBuilder, int64s, int64Vector, type Model } from '@retort/onnx';
import { LOSS } from './loss-options.js';

const FLOAT32 = 1;

/**
 * Appends the loss of a language model to a graph with an output `logits` z `[batch, tokens, vocabulary]`: the mean cross-entropy, in
 * nats, over the tokens that have a label,
 *
 *     L = - Σ_t [label_t ≥ 0] · log softmax(z_t)[label_t] / Σ_t [label_t ≥ 0].
 *
 * The label of a position is the token that should follow it, so labels are the ids shifted by one; -1 (at the end, on padding, on a prompt)
 * is learned nothing from.
 *
 * Adds the input `labels` int64 `[batch, tokens]` and the output `loss`, a scalar. Without any label the loss is 0.
 *
 * @throws RetortError `RT_INVALID_MODEL` for a graph without such logits
 */
export function withTokenLoss(model: Model): Model {
  const vocabulary = model.graph.outputs.find(({ name }) => name === 'logits')?.shape?.[2];
  if (typeof vocabulary !== 'number') {
    throw new RetortError(
      'RT_INVALID_MODEL',
      'The model must declare an output "logits" of [batch, tokens, vocabulary], vocabulary a number.',
    );
  }
  const b = new GraphBuilder({ base: model });
  const rows = (value: string, width: number) => b.add('Reshape', [value, b.constant(int64Vector([-1, width]))]);
  const sum = (value: string) => b.add('ReduceSum', [value], { attributes: { keepdims: 0 } });
  const labels = rows(b.input(LOSS.labels, 'int64', ['batch', 'tokens']), 1);
  const zero = b.constant(int64s([], [0]));
  const counted = b.add('Cast', [b.add('GreaterOrEqual', [labels, zero])], { attributes: { to: FLOAT32 } });
  const scores = b.add('LogSoftmax', [rows('logits', vocabulary)], { attributes: { axis: -1 } });
  const likelihood = b.add('GatherElements', [scores, b.add('Max', [labels, zero])], { attributes: { axis: 1 } });
  const count = b.add('Max', [sum(counted), b.constant(floatScalar(1))]);
  const mean = b.add('Div', [sum(b.add('Mul', [likelihood, counted])), count]);
  b.output(b.add('Neg', [mean], { outputs: [LOSS.output] }), 'float32', []);
  return b.build(model);
}
