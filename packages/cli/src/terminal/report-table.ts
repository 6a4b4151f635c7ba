import type { DistillationReport } from '@retort/contracts';
import { bytes, milliseconds, percent } from './format.js';

/** Teacher against student, as a table for a terminal. */
export function reportTable({ teacher, student, speedup }: DistillationReport): string {
  const rows = [
    ['', 'teacher', 'student'],
    ['accuracy on the test split', percent(teacher.accuracy), percent(student.accuracy)],
    ['agreement with the teacher', '', percent(student.agreement)],
    ['size on disk', bytes(teacher.bytes), bytes(student.bytes)],
    ['one text, one thread', milliseconds(teacher.latencyMs), milliseconds(student.latencyMs)],
    ['speed-up', '', `${speedup.toFixed(1)}x`],
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map(
    ([name, left, right]) => `  ${name.padEnd(widths[0])}   ${left.padStart(widths[1])}   ${right.padStart(widths[2])}`,
  );
  const rule = `  ${'─'.repeat(widths[0] + widths[1] + widths[2] + 6)}`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}
