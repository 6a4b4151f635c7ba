import { fileURLToPath } from 'node:url';
import type { Measurement } from './measurement.ts';
import { runJson } from './run-json.ts';
import type { ReferenceShape } from './shapes.ts';

const SCRIPT = fileURLToPath(new URL('./measure-shape.ts', import.meta.url));

/** Measures some steps of a shape in a process of its own. The packages are read as they were built. */
export function measureEngine(
  { name }: ReferenceShape,
  { steps, threads }: { steps: number; threads: number },
): Promise<Measurement> {
  const args = ['--import', 'tsx', SCRIPT, name, String(steps), String(threads)];
  return runJson<Measurement>(process.execPath, args, process.env);
}
