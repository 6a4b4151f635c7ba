import { floatScalar, type GradientOutput, type Tensor, writeModel } from '@retort/onnx';
import { type ModelSession, openSession } from '@retort/runtime';
import { LOSS, type LossOptions } from '../loss/loss-options.js';
import type { LossFactors } from '../loss/loss-schedule.js';
import type { ParameterGradient } from '../optimizer/gradients.js';
import type { Parameters } from '../optimizer/parameters.js';
import type { TrainableModel } from '../trainable.js';
import { type TrainingGraphOptions, trainingGraph } from './training-graph.js';

/** One batch as the training graph takes it. */
export interface Batch {
  inputs: Record<string, Tensor>;
  labels: Int32Array;
  /** `[rows, classes]`. */
  teacherLogits?: Float32Array;
  /** `[rows]`, where the graph is weighted. */
  weights?: Float32Array;
  /** Where the loss has a schedule, and there is a teacher. */
  factors?: LossFactors;
  /** Where the graph mixes texts' vectors: how. */
  mixing?: Record<string, Tensor>;
  /** Further inputs of the training graph. */
  targets?: Record<string, Tensor>;
}

/** The training graph in a session: forward pass, loss and gradients in one run. */
export class TrainingStep {
  readonly #session: ModelSession;
  readonly #gradients: Map<string, GradientOutput>;
  readonly #outputs: string[];

  private constructor(session: ModelSession, gradients: Map<string, GradientOutput>) {
    this.#session = session;
    this.#gradients = gradients;
    const outputs = [...gradients.values()].flatMap((found) =>
      found.kind === 'dense' ? [found.output] : [found.indices, found.rows],
    );
    this.#outputs = [LOSS.output, ...outputs];
  }

  /** Names of the weights whose gradients come as rows. */
  get tables(): ReadonlySet<string> {
    return new Set([...this.#gradients].flatMap(([name, { kind }]) => (kind === 'sparse' ? [name] : [])));
  }

  /** @throws RetortError what {@link trainingGraph} throws for a graph that cannot be trained. */
  static async open(
    trainable: TrainableModel,
    loss: LossOptions,
    { threads, ...options }: TrainingGraphOptions & { threads: number },
  ): Promise<TrainingStep> {
    const { model: training, gradients } = trainingGraph(trainable, loss, options);
    const session = await openSession(writeModel(training), { threads, placement: 'inline', keepTransposes: true });
    return new TrainingStep(session, gradients);
  }

  /** Loss and gradients of a batch at the parameters' present values, which are read in place. */
  async run(parameters: Parameters, { inputs, labels, teacherLogits, weights, factors, mixing, targets }: Batch) {
    const feeds: Record<string, Tensor> = { ...inputs, ...mixing, ...targets, ...parameters.feeds };
    feeds[LOSS.labels] = { type: 'int64', dims: [labels.length], data: BigInt64Array.from(labels, BigInt) };
    if (teacherLogits) {
      const classes = teacherLogits.length / labels.length;
      feeds[LOSS.teacherLogits] = { type: 'float32', dims: [labels.length, classes], data: teacherLogits };
    }
    if (weights) feeds[LOSS.rowWeights] = { type: 'float32', dims: [labels.length], data: weights };
    if (factors) {
      feeds[LOSS.lambda] = floatScalar(factors.lambda);
      feeds[LOSS.temperature] = floatScalar(factors.temperature);
    }
    const results = await this.#session.run(feeds, { outputs: this.#outputs, into: this.#gradientsOf(parameters) });
    const gradients = new Map<string, ParameterGradient>();
    for (const [name, found] of this.#gradients) {
      gradients.set(
        name,
        found.kind === 'dense'
          ? (results[found.output].data as Float32Array)
          : { indices: results[found.indices].data as BigInt64Array, rows: results[found.rows].data as Float32Array },
      );
    }
    return { loss: (results[LOSS.output].data as Float32Array)[0], gradients };
  }

  /** Where the optimizer wants the dense gradients, by output. */
  #gradientsOf({ list }: Parameters): Record<string, Tensor> {
    const into: Record<string, Tensor> = {};
    for (const { name, dims, gradient } of list) {
      const found = this.#gradients.get(name);
      if (found?.kind === 'dense') into[found.output] = { type: 'float32', dims, data: gradient };
    }
    return into;
  }

  close(): Promise<void> {
    return this.#session.close();
  }
}
