import { type EpochRecord, evaluate, mlpHead, predict, train, withWeights } from '@retort/learn';
import type { Model, Tensor } from '@retort/onnx';

/** How a head is fitted. The defaults were chosen on validation rows of clinc150 and banking77 (MiniLM embeddings). */
export interface HeadSpec {
  /** Width of the hidden layer; 0 makes a linear classifier. Default 512. */
  hidden?: number;
  /** Default 12, and for small datasets as many more as make 300 steps, at most 60. */
  epochs?: number;
  /** Default 128. */
  batchSize?: number;
  /** Peak rate of AdamW. Default 0.002. */
  learningRate?: number;
  /** Of AdamW, per unit of learning rate. Default 2: embeddings are so telling that a head overfits within a few epochs. */
  weightDecay?: number;
}

const MIN_EPOCHS = 12;
const MAX_EPOCHS = 60;
const MIN_STEPS = 300;

function withDefaults(spec: HeadSpec | undefined, rows: number): Required<HeadSpec> {
  const batchSize = spec?.batchSize ?? 128;
  const enough = Math.ceil(MIN_STEPS / Math.ceil(rows / batchSize));
  const epochs = Math.max(MIN_EPOCHS, Math.min(MAX_EPOCHS, enough));
  return { hidden: 512, epochs, batchSize, learningRate: 2e-3, weightDecay: 2, ...spec };
}

/** Embedded texts with their classes. */
export interface EmbeddedRows {
  count: number;
  /** `[count, width]`, row-major. */
  features: Float32Array;
  /** Class of each row. */
  classes: Int32Array;
}

export interface FitHeadOptions {
  train: EmbeddedRows;
  /** Chooses the best epoch; where it is empty the last epoch stands. */
  valid: EmbeddedRows;
  width: number;
  classes: number;
  seed: number;
  spec?: HeadSpec;
  threads?: number;
  signal?: AbortSignal;
  onStep?: (step: { step: number; steps: number; loss: number }) => void;
}

export interface FittedHead {
  /** `features` `[batch, width]` to `logits` `[batch, classes]`. */
  model: Model;
  spec: Required<HeadSpec>;
  history: EpochRecord[];
  bestEpoch: number;
}

/** Fits a classifier with one hidden layer to embeddings, on hard labels. */
export async function fitHead(options: FitHeadOptions): Promise<FittedHead> {
  const { train: rows, valid, width, classes, seed, threads, signal, onStep } = options;
  const spec = withDefaults(options.spec, rows.count);
  const head = mlpHead({ inputWidth: width, hidden: spec.hidden, classes, seed });
  const { weights, history, bestEpoch } = await train({
    ...head,
    ...examples(rows, width),
    loss: { lambda: 1, temperature: 1 },
    training: { ...spec, seed },
    validate: valid.count > 0 ? examples(valid, width) : undefined,
    threads,
    signal,
    onProgress: onStep,
  });
  return { model: withWeights(head.model, weights), spec, history, bestEpoch };
}

/** Share of rows whose class has the highest logit; undefined for no rows. */
export async function headAccuracy(
  model: Model,
  rows: EmbeddedRows,
  { width, classes, signal }: { width: number; classes: number; signal?: AbortSignal },
): Promise<number | undefined> {
  if (rows.count === 0) return undefined;
  return evaluate(await predict(model, examples(rows, width), { signal }), rows.classes, classes).accuracy;
}

function examples({ count, features, classes }: EmbeddedRows, width: number) {
  return {
    count,
    labels: classes,
    inputs: (rows: Int32Array): Record<string, Tensor> => {
      const data = new Float32Array(rows.length * width);
      for (const [i, row] of rows.entries()) data.set(features.subarray(row * width, (row + 1) * width), i * width);
      return { features: { type: 'float32', dims: [rows.length, width], data } };
    },
  };
}
