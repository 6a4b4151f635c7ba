import { type Cell, type CellKey, currentCells, nameOfCell } from './cells.ts';
import type { Configuration, Table } from './configurations.ts';

export const SEEDS = [1, 2, 3] as const;

/** Tables whose first seed comes first; their other seeds follow in {@link LATER}'s order. */
const FIRST: readonly Table[] = ['teachers', 'main', 'ablation', 'low-data'];
const LATER: readonly Table[] = ['main', 'low-data', 'ablation'];

export interface CellFilter {
  /** Only these; empty: all. */
  data: readonly string[];
  configs: readonly string[];
  seeds: readonly number[];
}

/**
 * All cells of the benchmark, the most telling first: of each table seed 1 over all data sets, then the other seeds. A teacher for
 * all of a data set's labels has one seed; one for few labels has the seed that drew them.
 */
export function allCells(configurations: readonly Configuration[]): CellKey[] {
  const of = (table: Table, seeds: readonly number[]) =>
    seeds.flatMap((seed) =>
      configurations
        .filter((configuration) => configuration.table === table)
        .flatMap(({ name, data }) => data.map((set): CellKey => ({ data: set, config: name, seed }))),
    );
  const [first, ...others] = SEEDS;
  return [...FIRST.flatMap((table) => of(table, [first])), ...LATER.flatMap((table) => of(table, others))];
}

/** Those of {@link allCells} that are wanted and not finished. */
export function missingCells(
  configurations: readonly Configuration[],
  finished: readonly Cell[],
  filter: CellFilter,
): CellKey[] {
  const done = new Set(currentCells(finished, configurations).map(nameOfCell));
  return allCells(configurations).filter((cell) => wants(filter, cell) && !done.has(nameOfCell(cell)));
}

/** Whether a filter lets a cell through. */
export function wants({ data, configs, seeds }: CellFilter, cell: CellKey): boolean {
  const among = <T>(wanted: readonly T[], value: T) => wanted.length === 0 || wanted.includes(value);
  return among(data, cell.data) && among(configs, cell.config) && among(seeds, cell.seed);
}
