import { GraphBuilder } from '@retort/onnx';
import { LOSS, type LossOptions } from './loss-options.js';
import { type LossInputs, withLoss } from './with-loss.js';

/** What a loss looks at beside the student's logits, by the names of the values in a graph. */
export interface LossValues {
  /** int64 `[batch]`. */
  labels: string;
  /** float32 `[batch, classes]`. */
  teacherLogits?: string;
  /** float32 `[batch]`. */
  rowWeights?: string;
  /** Scalars that change while the training runs. */
  factors: readonly string[];
}

/** A loss and what it is of. */
export interface LossOf {
  classes: number;
  loss: LossOptions;
  inputs: LossInputs;
}

/** Declares the inputs that {@link withLoss} would add, for a graph that hands them to several losses. */
export function declareLossInputs(b: GraphBuilder, { classes, loss, inputs }: LossOf): LossValues {
  const { teacher, weighted } = inputs;
  const labels = b.input(LOSS.labels, 'int64', ['batch']);
  const teacherLogits = teacher ? b.input(LOSS.teacherLogits, 'float32', ['batch', classes]) : undefined;
  const rowWeights = weighted ? b.input(LOSS.rowWeights, 'float32', ['batch']) : undefined;
  const scheduled = teacher && loss.schedule !== undefined;
  const factors = scheduled ? [LOSS.temperature, LOSS.lambda].map((name) => b.input(name, 'float32', [])) : [];
  return { labels, teacherLogits, rowWeights, factors };
}

/**
 * Puts the loss of {@link withLoss} into a graph that grows, of any logits and any values: one of several that its loss is made of.
 *
 * @param logits float32 `[batch, classes]`
 * @returns the name of the loss, a scalar. `loss` is taken by it unless the graph has taken that name before
 */
export function inlinedLoss(b: GraphBuilder, of: LossOf, logits: string, values: LossValues): string {
  const alone = new GraphBuilder({ opset: b.opsets.get('') });
  alone.input('z', 'float32', ['batch', of.classes]);
  alone.output(alone.add('Identity', ['z'], { outputs: ['logits'] }), 'float32', ['batch', of.classes]);
  const { graph } = withLoss(alone.build(), of.loss, of.inputs);

  const { labels, teacherLogits, rowWeights, factors } = values;
  const names = new Map([['z', logits], [LOSS.labels, labels], ...factors.map((name) => [name, name] as const)]);
  if (teacherLogits) names.set(LOSS.teacherLogits, teacherLogits);
  if (rowWeights) names.set(LOSS.rowWeights, rowWeights);
  for (const [name, tensor] of graph.initializers) names.set(name, b.constant(tensor, name));
  for (const { op, domain, attributes, inputs, outputs } of graph.nodes) {
    for (const name of outputs) if (name !== '') names.set(name, b.unique(name));
    const renamed = (name: string) => (name === '' ? '' : (names.get(name) as string));
    b.addMany(op, inputs.map(renamed), { domain, attributes, outputs: outputs.map(renamed) });
  }
  return names.get(LOSS.output) as string;
}
