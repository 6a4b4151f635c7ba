import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_MODEL_BYTES, RetortError } from '@retort/contracts/values';

/** @throws RetortError `RT_TOO_LARGE` for a graph that cannot be read whole */
export async function checkGraphSize(dir: string, path: string): Promise<void> {
  const { size } = await stat(join(dir, path));
  if (size <= MAX_MODEL_BYTES) return;
  throw new RetortError(
    'RT_TOO_LARGE',
    `${path} has ${size} bytes; an ONNX file may have ${MAX_MODEL_BYTES} (2 GiB - 1): export the model in half precision or quantized, or take a smaller one.`,
  );
}
