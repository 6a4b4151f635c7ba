import { RetortError } from '@retort/contracts';
import { initializersToInputs, writeModel } from '@retort/onnx';
import { type ModelSession, openSession } from '@retort/runtime';
import type { Validation } from './examples.js';
import type { ValidationRecord } from './history.js';
import { agreement, evaluate, klToTeacher } from './metrics.js';
import type { Parameters } from './parameters.js';
import { runAll } from './predict.js';
import type { TrainableModel } from './trainable.js';

const BATCH = 256;

/** Measures the forward graph, its weights fed from where they are trained, on examples of its own. */
export class Validator {
  readonly #session: ModelSession;
  readonly #examples: Validation;
  readonly #classes: number;

  private constructor(session: ModelSession, examples: Validation, classes: number) {
    this.#session = session;
    this.#examples = examples;
    this.#classes = classes;
  }

  static async open(
    { model, trainable }: TrainableModel,
    examples: Validation,
    { classes, threads }: { classes: number; threads: number },
  ): Promise<Validator> {
    const forward = writeModel(initializersToInputs(model, trainable));
    return new Validator(await openSession(forward, { threads, placement: 'inline' }), examples, classes);
  }

  /**
   * @throws RetortError `RT_CANCELLED` after `signal`, `RT_INVALID_FIELD` where the metric is agreement and there are no teacher's
   * logits
   */
  async measure(parameters: Parameters, signal: AbortSignal | undefined): Promise<ValidationRecord> {
    const { labels, teacherLogits } = this.#examples;
    const options = { batchSize: BATCH, signal, output: 'logits' };
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
