import type { Selection } from '@retort/contracts';
import { bytes, milliseconds, percent } from './format.js';

/** How a search came to its spec, for a terminal: what was chosen, why, and for a chosen student what there was to choose from. */
export function selectionText({ method, metric, trials, front, chosen, reason }: Selection): string {
  const varied = Object.entries(chosen.varied).map(([field, value]) => `${field} = ${value}`);
  const lines = [`  Chosen by ${trials} trials: ${varied.join(', ')}.`, `  ${reason}`];
  if (method !== 'auto') return lines.join('\n');
  const points = front.map(({ index, student, value, latencyMs, bytes: size }) => {
    const name = `${index === chosen.index ? '*' : ' '} ${student.family}, width ${student.width}`;
    return `  ${name.padEnd(24)} ${percent(value).padStart(7)} ${milliseconds(latencyMs).padStart(10)} ${bytes(size).padStart(10)}`;
  });
  return [...lines, '', `  The Pareto front (${metric} on the validation rows, one text, size):`, ...points].join('\n');
}
