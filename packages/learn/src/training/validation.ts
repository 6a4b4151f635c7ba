import { RetortError } from '@retort/contracts/values';
import { initializersToInputs, writeModel } from '@retort/onnx';
import { type ModelSession, openSession } from '@retort/runtime';
import type { Validation } from '../examples.js';
import type { ValidationRecord } from '../measure/history.js';
import { agreement, evaluate, klToTeacher } from '../measure/metrics.js';
import { runAll } from '../measure/predict.js';
import type { Parameters } from '../optimizer/parameters.js';
import type { TrainableModel } from '../trainable.js';

/** Most rows of a run. */
const MOST_ROWS = 256;

/** Measures the forward graph, its weights fed from where they are trained, on examples of its own. */
export class Validator {
  readonly #session: ModelSession;
  readonly #examples: Validation;
  readonly #classes: number;
  readonly #batchSize: number;

  private constructor(session: ModelSession, examples: Validation, classes: number, batchSize: number) {
    this.#session = session;
    this.#examples = examples;
    this.#classes = classes;
    this.#batchSize = batchSize;
  }

  /** @param batchSize of the training: a run takes no more rows than it, and so less memory than a training step. */
  static async open(
    { model, trainable }: TrainableModel,
    examples: Validation,
    { classes, threads, batchSize }: { classes: number; threads: number; batchSize: number },
  ): Promise<Validator> {
    const forward = writeModel(initializersToInputs(model, trainable));
    const session = await openSession(forward, { threads, placement: 'inline' });
    return new Validator(session, examples, classes, Math.min(batchSize, MOST_ROWS));
  }

  /**
   * @throws RetortError `RT_CANCELLED` after `signal`, `RT_INVALID_FIELD` where the metric is agreement and there are no teacher's
   * logits
   */
  async measure(parameters: Parameters, signal: AbortSignal | undefined): Promise<ValidationRecord> {
    const { labels, teacherLogits } = this.#examples;
    const options = { batchSize: this.#batchSize, signal, output: 'logits' };
    const logits = await runAll(this.#session, parameters.resultFeeds, this.#examples, options);
    const metric = this.#examples.metric ?? (labels.some((label) => label >= 0) ? 'accuracy' : 'agreement');
    if (metric === 'accuracy') {
      const { accuracy, nll } = evaluate(logits, labels, this.#classes);
      return { metric, value: accuracy, loss: nll };
    }
    if (!teacherLogits) {
      throw new RetortError(
        'RT_INVALID_FIELD',
        'Validation by agreement needs teacherLogits of the validation examples.',
      );
    }
    const loss = klToTeacher(logits, teacherLogits, this.#classes);
    return { metric, value: agreement(logits, teacherLogits, this.#classes), loss };
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
