import type { Model, Tensor } from '@retort/onnx';
import { writeModel } from '@retort/onnx';
import { type ModelSession, openSession } from '@retort/runtime';
import type { Examples } from '../examples.js';

export interface PredictOptions {
  /** Rows per run; default 256. */
  batchSize?: number;
  /** Threads of each kernel; default 1. */
  threads?: number;
  signal?: AbortSignal;
  /** Default `logits`. */
  output?: string;
}

/**
 * Runs the model over all rows, in order. The runs happen in the calling thread, which they block for a batch at a time.
 *
 * @returns the output's values, row-major `[count, …]`.
 * @throws RetortError `RT_INVALID_MODEL` where ONNX Runtime refuses the model or its inputs, `RT_CANCELLED` after `signal`.
 */
export async function predict(
  model: Model,
  examples: Pick<Examples, 'count' | 'inputs'>,
  { batchSize = 256, threads = 1, signal, output = 'logits' }: PredictOptions = {},
): Promise<Float32Array> {
  const session = await openSession(writeModel(model), { threads, placement: 'inline' });
  try {
    return await runAll(session, {}, examples, { batchSize, signal, output });
  } finally {
    await session.close();
  }
}

/** Runs an open session over all rows with further inputs that stay the same (weights). */
export async function runAll(
  session: ModelSession,
  fixed: Record<string, Tensor>,
  { count, inputs }: Pick<Examples, 'count' | 'inputs'>,
  { batchSize, signal, output }: { batchSize: number; signal?: AbortSignal; output: string },
): Promise<Float32Array> {
  let all = new Float32Array(0);
  for (let from = 0; from < count; from += batchSize) {
    const rows = Int32Array.from({ length: Math.min(batchSize, count - from) }, (_, i) => from + i);
    const results = await session.run({ ...inputs(rows), ...fixed }, { outputs: [output], signal });
    const data = results[output].data as Float32Array;
    if (from === 0) all = new Float32Array((data.length / rows.length) * count);
    all.set(data, (all.length / count) * from);
  }
  return all;
}
