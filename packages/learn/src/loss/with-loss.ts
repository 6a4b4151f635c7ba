import { RetortError } from '@retort/contracts/values';
import { floatScalar, GraphBuilder, int64Vector, type Model } from '@retort/onnx';
import type { Divergence } from './divergences/divergence.js';
import { divergenceOf } from './divergences/divergence-of.js';
import { type Factor, LossGraph } from './loss-graph.js';
import { LOSS, LOSS_DEFAULTS, type LossOptions } from './loss-options.js';

/** The number of classes that a model's output `logits` `[batch, classes]` declares. */
export function classesOf(model: Model): number {
  const classes = model.graph.outputs.find(({ name }) => name === 'logits')?.shape?.[1];
  if (typeof classes === 'number') return classes;
  throw new RetortError(
    'RT_INVALID_MODEL',
    'The model must declare an output "logits" of [batch, classes], classes a number.',
  );
}

/** What the examples of a training bring to its loss. */
export interface LossInputs {
  /** Whether the teacher's logits are an input. */
  teacher: boolean;
  /** Whether a weight for each row is an input; default false. */
  weighted?: boolean;
}

/**
 * Appends the distillation loss of Hinton et al. (2015) to a graph with an output `logits` z `[batch, classes]`:
 *
 *     L = mean over rows of  λ·CE(label, softmax(z)) + (1 - λ)·T²·KL(softmax(t/T) ‖ softmax(z/T))
 *
 * with the teacher's logits t. The factor T² keeps the gradient of the second term of one size for every T. A row with the
 * label -1 has only the second term. Without a teacher the loss is the mean of CE, whatever λ is. Another `divergence` stands in the place
 * of KL, with T² where it says so.
 *
 * Label smoothing ε (Szegedy et al. 2016) takes CE against (1 - ε)·onehot(label) + ε/classes; a row without a label still has none.
 *
 * Adds the inputs `labels` int64 `[batch]` and, with a teacher, `teacher_logits` float32 `[batch, classes]`, and the output
 * `loss`, a scalar. With a `schedule` and a teacher, T and λ are the inputs `loss_temperature` and `loss_lambda`, float32 scalars. With
 * weights, of a mean of 1 over all rows, `row_weights` float32 `[batch]` is an input, and every row's loss is multiplied by its own.
 */
export function withLoss(model: Model, loss: LossOptions, { teacher, weighted = false }: LossInputs): Model {
  const classes = classesOf(model);
  const b = new GraphBuilder({ base: model });
  const terms: string[] = [];

  const labels = b.input(LOSS.labels, 'int64', ['batch']);
  const divergence = divergenceOf(loss);
  const scheduled = teacher && loss.schedule !== undefined;
  const factors = scheduled ? inputFactors(b, divergence) : constantFactors(loss, divergence, teacher);
  const graph = new LossGraph(b, { classes, inverseTemperature: factors.inverseTemperature, weighted });
  if (weighted) b.input(LOSS.rowWeights, 'float32', ['batch']);
  if (factors.likelihood !== 0) {
    // One-hot by comparison: -1 equals no class, so an unlabelled row is all zeros and drops out.
    const oneHot = graph.asNumbers(graph.isClass(labels));
    const { labelSmoothing = LOSS_DEFAULTS.labelSmoothing } = loss;
    const target = labelSmoothing > 0 ? smoothed(graph, oneHot, labelSmoothing) : oneHot;
    const likelihood = graph.sumOverClasses(b.add('Mul', [target, graph.logSoftmax(graph.student)]));
    terms.push(graph.scale(likelihood, factors.likelihood));
  }
  if (teacher) {
    b.input(LOSS.teacherLogits, 'float32', ['batch', classes]);
    if (factors.divergence !== 0) terms.push(graph.scale(divergence.perRow(graph), factors.divergence));
  }
  const rows = terms.length > 1 ? b.add('Add', terms) : terms[0];
  const counted = weighted ? b.add('Mul', [rows, LOSS.rowWeights]) : rows;
  b.output(b.add('ReduceMean', [counted], { outputs: [LOSS.output], attributes: { keepdims: 0 } }), 'float32', []);
  return b.build(model);
}

/** What the terms of the loss, and the logits in them, are multiplied by. */
interface Factors {
  /** -λ, before the logarithm of what the student gives the label. */
  likelihood: Factor;
  /** (1 - λ)·T², or without T² for a divergence that does not shrink with T. */
  divergence: Factor;
  inverseTemperature: Factor;
}

function constantFactors(
  { lambda, temperature }: LossOptions,
  { timesSquaredTemperature }: Divergence,
  teacher: boolean,
): Factors {
  return {
    likelihood: teacher ? -lambda : -1,
    divergence: (1 - lambda) * (timesSquaredTemperature ? temperature ** 2 : 1),
    inverseTemperature: 1 / temperature,
  };
}

/** Of λ and T that are inputs, since they change while the training runs. */
function inputFactors(b: GraphBuilder, { timesSquaredTemperature }: Divergence): Factors {
  const temperature = b.input(LOSS.temperature, 'float32', []);
  const lambda = b.input(LOSS.lambda, 'float32', []);
  const share = b.add('Sub', [b.constant(floatScalar(1)), lambda]);
  const squared = () => b.add('Mul', [temperature, temperature]);
  return {
    likelihood: b.add('Neg', [lambda]),
    divergence: timesSquaredTemperature ? b.add('Mul', [share, squared()]) : share,
    inverseTemperature: b.add('Reciprocal', [temperature]),
  };
}

/** (1 - ε)·onehot + ε/classes; all zero where the one-hot row is: its sum says whether there is a label. */
function smoothed({ b, classes }: LossGraph, oneHot: string, epsilon: number): string {
  const labelled = b.add('ReduceSum', [oneHot, b.constant(int64Vector([1]))], { attributes: { keepdims: 1 } });
  return b.add('Add', [
    b.add('Mul', [oneHot, b.constant(floatScalar(1 - epsilon))]),
    b.add('Mul', [labelled, b.constant(floatScalar(epsilon / classes))]),
  ]);
}
