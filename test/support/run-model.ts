import { type Model, type Tensor, writeModel } from '@retort/onnx';
import { openSession, type SessionOptions } from '@retort/runtime';

/** One float output of a model for one set of inputs. */
export async function runModel(
  model: Model,
  feeds: Record<string, Tensor>,
  { output = 'logits', optimization }: { output?: string } & Pick<SessionOptions, 'optimization'> = {},
): Promise<Float32Array> {
  const session = await openSession(writeModel(model), { placement: 'inline', optimization });
  try {
    return (await session.run(feeds, { outputs: [output] }))[output]?.data as Float32Array;
  } finally {
    await session.close();
  }
}
