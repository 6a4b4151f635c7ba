import { RetortError } from '@retort/contracts/values';
import { floats, GraphBuilder, int64s, int64Vector, type Model, type Tensor } from '@retort/onnx';
import { declareLossInputs, inlinedLoss } from './inlined-loss.js';
import { LOSS, type LossOptions } from './loss-options.js';
import { classesOf, type LossInputs } from './with-loss.js';

/** One of several tasks that a model answers: a slice of its `logits`. */
export interface TaskHead {
  name: string;
  /** The first of its classes among those of all tasks; the heads follow one another without gaps. */
  offset: number;
  classes: number;
  /** Factor on its rows' losses, above 0; default 1. */
  weight?: number;
}

/**
 * Added to the logits of other tasks' classes: in float32 their probability is exactly 0, and still no product of it with a
 * logarithm is NaN, as one with infinity would be.
 */
export const MASKED = -1e9;

/** Inputs of a model of several tasks while it is trained: which task a row is of, and each task's rows of the batch. */
const INPUTS = {
  task: 'task',
  weights: 'task_weights',
  rows: (task: number) => `task_rows.${task}`,
};

/**
 * Masks the output `logits` `[batch, Σ classes]`: a new input `task` int64 `[batch]` says which head a row is of, and the classes of all
 * other heads get {@link MASKED} added. Softmax, argmax and whatever is computed of the row then are the task's own.
 */
export function withTaskMask(model: Model, heads: readonly TaskHead[]): Model {
  const classes = checkHeads(model, heads);
  const b = new GraphBuilder({ base: model });
  const raw = b.unique('logits_of_all_tasks');
  const at = b.graph.nodes.findIndex(({ outputs }) => outputs.includes('logits'));
  const last = b.graph.nodes[at];
  const outputs = last.outputs.map((name) => (name === 'logits' ? raw : name));
  b.graph.nodes[at] = { ...last, name: raw, outputs };
  const table = heads.flatMap(({ offset, classes: own }) =>
    Array.from({ length: classes }, (_, c) => (c >= offset && c < offset + own ? 0 : MASKED)),
  );
  const masks = b.constant(floats([heads.length, classes], table), 'task_masks');
  const task = b.input(INPUTS.task, 'int64', ['batch']);
  b.add('Add', [raw, b.add('Gather', [masks, task])], { outputs: ['logits'] });
  return b.build(model);
}

/**
 * Appends the loss of a batch of mixed tasks: for each task k the loss of `withLoss`, exactly as for a student of that task alone,
 * over its rows of the batch and its classes only; and of them the mean over all rows
 *
 *     L = Σ_k weight_k · n_k / n · L_k
 *
 * A task's loss does not depend on the logits of other heads, so neither do the gradients of theirs on its rows.
 *
 * Adds the inputs of `withLoss`, whose classes are those of all tasks, and those that {@link taskInputs} makes.
 */
export function withTaskLosses(model: Model, heads: readonly TaskHead[], loss: LossOptions, inputs: LossInputs): Model {
  const classes = checkHeads(model, heads);
  const b = new GraphBuilder({ base: model });
  b.unique(LOSS.output); // Taken, before the losses of the tasks want to be called so.
  // One λ and one T for all tasks.
  const { labels, teacherLogits, rowWeights, factors } = declareLossInputs(b, { classes, loss, inputs });
  const losses = heads.map((head, k) => {
    const rows = b.input(INPUTS.rows(k), 'int64', [`rows_${k}`]);
    const ofRows = (value: string) => b.add('Gather', [value, rows]);
    const own = (value: string) => ofRows(sliced(b, value, head));
    const local = b.add('Sub', [ofRows(labels), b.constant(int64Vector([head.offset]))]);
    // The mean is a scalar: to be one of several, a vector of one.
    const mean = inlinedLoss(b, { classes: head.classes, loss, inputs }, own('logits'), {
      labels: b.add('Max', [local, b.constant(int64Vector([-1]))]),
      teacherLogits: teacherLogits && own(teacherLogits),
      rowWeights: rowWeights && ofRows(rowWeights),
      factors,
    });
    return b.add('Unsqueeze', [mean, b.constant(int64Vector([0]))]);
  });
  const all = losses.length > 1 ? b.add('Concat', losses, { attributes: { axis: 0 } }) : losses[0];
  const weights = b.input(INPUTS.weights, 'float32', [heads.length]);
  b.add('ReduceSum', [b.add('Mul', [all, weights])], { outputs: [LOSS.output], attributes: { keepdims: 0 } });
  b.output(LOSS.output, 'float32', []);
  return b.build(model);
}

/** Adds the outputs `logits.<task>` `[batch, classes]`, slices of `logits`: what one task's users read. */
export function withTaskOutputs(model: Model, heads: readonly TaskHead[]): Model {
  checkHeads(model, heads);
  const b = new GraphBuilder({ base: model });
  for (const head of heads) {
    b.output(sliced(b, 'logits', head, [taskOutput(head.name)]), 'float32', ['batch', head.classes]);
  }
  return b.build(model);
}

/** Name of the output that holds the logits of one task alone. */
export const taskOutput = (task: string): string => `logits.${task}`;

/**
 * The inputs of a batch beside its texts.
 *
 * @param tasks which head each row of the batch is of
 * @returns `task`; and for training each task's rows and weight_k·n_k/n. A task without rows in the batch gets its first row with
 * the weight 0, since a mean over no rows is none.
 */
export function taskInputs(
  tasks: Int32Array,
  heads: readonly TaskHead[],
  { training }: { training: boolean },
): Record<string, Tensor> {
  const inputs: Record<string, Tensor> = { [INPUTS.task]: int64s([tasks.length], Array.from(tasks)) };
  if (!training) return inputs;
  const shares = heads.map(({ weight = 1 }, k) => {
    const rows = Array.from(tasks.keys()).filter((row) => tasks[row] === k);
    const fed = rows.length > 0 ? rows : [0];
    inputs[INPUTS.rows(k)] = int64s([fed.length], fed);
    return (weight * rows.length) / tasks.length;
  });
  inputs[INPUTS.weights] = floats([heads.length], shares);
  return inputs;
}

function sliced(b: GraphBuilder, value: string, { offset, classes }: TaskHead, outputs?: string[]): string {
  const bounds = [offset, offset + classes, 1].map((at) => b.constant(int64Vector([at])));
  return b.add('Slice', [value, ...bounds], { outputs });
}

/** @returns how many classes all heads have @throws RetortError `RT_INVALID_MODEL` where they are not those of the model */
function checkHeads(model: Model, heads: readonly TaskHead[]): number {
  const classes = classesOf(model);
  let next = 0;
  for (const { name, offset, classes: own } of heads) {
    if (offset !== next || own < 1) {
      throw new RetortError('RT_INVALID_MODEL', `The head "${name}" must begin at class ${next}, not at ${offset}.`);
    }
    next += own;
  }
  if (next !== classes || heads.length === 0) {
    throw new RetortError('RT_INVALID_MODEL', `The heads have ${next} classes, the model ${classes}.`);
  }
  return classes;
}
