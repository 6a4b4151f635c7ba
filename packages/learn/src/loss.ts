import { type LossSpec, RetortError } from '@retort/contracts';
import { floatScalar, GraphBuilder, int64Vector, type Model } from '@retort/onnx';

/** Names of what {@link withLoss} adds to a graph. */
export const LOSS = { output: 'loss', labels: 'labels', teacherLogits: 'teacher_logits' } as const;

/** What of the loss a caller must say; label smoothing is 0 unless it is given. */
export type LossOptions = Pick<LossSpec, 'lambda' | 'temperature'> & Partial<LossSpec>;

/** The number of classes that a model's output `logits` `[batch, classes]` declares. */
export function classesOf(model: Model): number {
  const classes = model.graph.outputs.find(({ name }) => name === 'logits')?.shape?.[1];
  if (typeof classes === 'number') return classes;
  throw new RetortError(
    'RT_INVALID_MODEL',
    'The model must declare an output "logits" of [batch, classes], classes a number.',
  );
}

/**
 * Appends the distillation loss of Hinton et al. (2015) to a graph with an output `logits` z `[batch, classes]`:
 *
 *     L = mean over rows of  λ·CE(label, softmax(z)) + (1 - λ)·T²·KL(softmax(t/T) ‖ softmax(z/T))
 *
 * with the teacher's logits t. The factor T² keeps the gradient of the second term of one size for every T. A row with the
 * label -1 has only the second term. Without a teacher the loss is the mean of CE, whatever λ is.
 *
 * Label smoothing ε (Szegedy et al. 2016) takes CE against (1 - ε)·onehot(label) + ε/classes; a row without a label still has none.
 *
 * Adds the inputs `labels` int64 `[batch]` and, with a teacher, `teacher_logits` float32 `[batch, classes]`, and the output
 * `loss`, a scalar.
 */
export function withLoss(model: Model, loss: LossOptions, { teacher }: { teacher: boolean }): Model {
  const { lambda, temperature, labelSmoothing = 0 } = loss;
  const classes = classesOf(model);
  const b = new GraphBuilder({ base: model });
  const weightOfLabels = teacher ? lambda : 1;
  const scale = (value: string, factor: number) =>
    factor === 1 ? value : b.add('Mul', [value, b.constant(floatScalar(factor))]);
  const perRow = (value: string) =>
    b.add('ReduceSum', [value, b.constant(int64Vector([1]))], { attributes: { keepdims: 0 } });
  const logSoftmax = (value: string) => b.add('LogSoftmax', [value], { attributes: { axis: 1 } });
  const terms: string[] = [];

  const labels = b.input(LOSS.labels, 'int64', ['batch']);
  if (weightOfLabels > 0) {
    // One-hot by comparison: -1 equals no class, so an unlabelled row is all zeros and drops out.
    const everyClass = b.constant(int64Vector(Array.from({ length: classes }, (_, c) => c)));
    const isClass = b.add('Equal', [b.add('Unsqueeze', [labels, b.constant(int64Vector([1]))]), everyClass]);
    const oneHot = b.add('Cast', [isClass], { attributes: { to: 1 } });
    const target = labelSmoothing > 0 ? smoothed(b, oneHot, labelSmoothing, classes) : oneHot;
    terms.push(scale(perRow(b.add('Mul', [target, logSoftmax('logits')])), -weightOfLabels));
  }
  if (teacher) {
    const logits = b.input(LOSS.teacherLogits, 'float32', ['batch', classes]);
    if (lambda < 1) {
      const target = logSoftmax(scale(logits, 1 / temperature));
      const student = logSoftmax(scale('logits', 1 / temperature));
      const divergence = perRow(b.add('Mul', [b.add('Exp', [target]), b.add('Sub', [target, student])]));
      terms.push(scale(divergence, (1 - lambda) * temperature ** 2));
    }
  }
  const rows = terms.length > 1 ? b.add('Add', terms) : terms[0];
  b.output(b.add('ReduceMean', [rows], { outputs: [LOSS.output], attributes: { keepdims: 0 } }), 'float32', []);
  return b.build(model);
}

/** (1 - ε)·onehot + ε/classes; all zero where the one-hot row is: its sum says whether there is a label. */
function smoothed(b: GraphBuilder, oneHot: string, epsilon: number, classes: number): string {
  const labelled = b.add('ReduceSum', [oneHot, b.constant(int64Vector([1]))], { attributes: { keepdims: 1 } });
  return b.add('Add', [
    b.add('Mul', [oneHot, b.constant(floatScalar(1 - epsilon))]),
    b.add('Mul', [labelled, b.constant(floatScalar(epsilon / classes))]),
  ]);
}
