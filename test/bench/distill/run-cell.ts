/**
 * Runs one cell in a process of its own, so that a crash or a kill costs no other: `run-cell.ts CELL OPTIONS`, both JSON. Its last line
 * is what it measured, as JSON.
 */
import type { CellKey } from './cells.ts';
import { measureCell } from './measure-cell.ts';
import { workspaceOf } from './workspace.ts';

const [cell, options] = process.argv.slice(2).map((argument) => JSON.parse(argument)) as [
  CellKey,
  { threads: number; limit?: number },
];
const measured = await measureCell(cell, { workspace: workspaceOf(options.limit), ...options });
process.stdout.write(`${JSON.stringify(measured)}\n`);
