import { floatScalar, type GraphBuilder, int64Vector } from '@retort/onnx';
import { LOSS } from './loss-options.js';

/** A factor that is known when the graph is built, or the name of a scalar in it. */
export type Factor = number | string;

const FLOAT32 = 1;

/** Sums of weights below this count as it: a batch of rows without weight has means of zero, not of nothing. */
const LEAST_WEIGHT = 1e-12;

/** A graph that a loss is being appended to, and the words that losses are written in. */
export class LossGraph {
  readonly b: GraphBuilder;
  readonly classes: number;
  /** The student's logits z, `[batch, classes]`. */
  readonly student = 'logits';
  /** The teacher's logits t, `[batch, classes]`. */
  readonly teacher = LOSS.teacherLogits;
  /** Class of each row, int64 `[batch]`, -1 where it has no label. */
  readonly labels = LOSS.labels;
  readonly #inverseTemperature: Factor;
  readonly #weighted: boolean;

  constructor(
    b: GraphBuilder,
    { classes, inverseTemperature, weighted }: { classes: number; inverseTemperature: Factor; weighted: boolean },
  ) {
    this.b = b;
    this.classes = classes;
    this.#inverseTemperature = inverseTemperature;
    this.#weighted = weighted;
  }

  scale(value: string, factor: Factor): string {
    if (factor === 1) return value;
    return this.b.add('Mul', [value, typeof factor === 'string' ? factor : this.scalar(factor)]);
  }

  /** Logits divided by T. */
  softened(logits: string): string {
    return this.scale(logits, this.#inverseTemperature);
  }

  logSoftmax(logits: string): string {
    return this.b.add('LogSoftmax', [logits], { attributes: { axis: 1 } });
  }

  /** `[batch, classes]` to `[batch]`. */
  sumOverClasses(value: string): string {
    return this.b.add('ReduceSum', [value, this.b.constant(int64Vector([1]))], { attributes: { keepdims: 0 } });
  }

  /** `[batch, classes]` to `[batch, 1]`. */
  meanOverClasses(value: string): string {
    const sum = this.b.add('ReduceSum', [value, this.b.constant(int64Vector([1]))], { attributes: { keepdims: 1 } });
    return this.scale(sum, 1 / this.classes);
  }

  /** `[batch, classes]` to `[1, classes]`: the mean over the rows of the batch, by their weights where they have such. */
  meanOverRows(value: string): string {
    const { b } = this;
    const sum = (rows: string) =>
      b.add('ReduceSum', [rows, b.constant(int64Vector([0]))], { attributes: { keepdims: 1 } });
    if (!this.#weighted) {
      const rows = b.add('Cast', [b.add('Shape', [this.labels])], { attributes: { to: FLOAT32 } });
      return b.add('Div', [sum(value), rows]);
    }
    const weights = b.add('Unsqueeze', [LOSS.rowWeights, b.constant(int64Vector([1]))]);
    const total = b.add('Max', [sum(weights), this.scalar(LEAST_WEIGHT)]);
    return b.add('Div', [sum(b.add('Mul', [value, weights])), total]);
  }

  /** Booleans `[batch, classes]`: where the class is that of the row; nowhere for a class of -1. @param classes int64 `[batch]` */
  isClass(classes: string): string {
    const { b } = this;
    const everyClass = b.constant(int64Vector(Array.from({ length: this.classes }, (_, c) => c)));
    return b.add('Equal', [b.add('Unsqueeze', [classes, b.constant(int64Vector([1]))]), everyClass]);
  }

  /** Booleans as 0 and 1. */
  asNumbers(booleans: string): string {
    return this.b.add('Cast', [booleans], { attributes: { to: FLOAT32 } });
  }

  scalar(value: number): string {
    return this.b.constant(floatScalar(value));
  }
}
