import { type Cell, currentCells } from '../../test/bench/distill/cells.ts';
import { CONFIGURATIONS } from '../../test/bench/distill/configurations.ts';
import type { DataSheet } from '../../test/bench/distill/data-facts.ts';
import type { Latency } from '../../test/bench/distill/latency.ts';
import { allCells } from '../../test/bench/distill/plan.ts';
import { ablationTable, dataTable, lowDataTable, mainTables, progressLine, teacherTable } from './results-tables.ts';
import { replaceSection } from './sections.ts';
import { speedTable } from './speed-table.ts';

export interface Results {
  /** Those that still count, see {@link countingCells}. */
  cells: readonly Cell[];
  latencies: readonly Latency[];
  data: DataSheet;
}

/** The cells that the page shows: those whose configuration is what it was. */
export function countingCells(cells: readonly Cell[]): Cell[] {
  return currentCells(cells, CONFIGURATIONS);
}

/** `docs/results.md` with all that was measured so far. */
export function resultsPage(page: string, { cells, latencies, data }: Results): string {
  const sections = {
    progress: progressLine(cells, allCells(CONFIGURATIONS).length),
    data: dataTable(data),
    teachers: teacherTable(cells),
    main: mainTables(cells),
    ablation: ablationTable(cells),
    'low data': lowDataTable(cells),
    speed: speedTable(cells, latencies),
  };
  return Object.entries(sections).reduce((text, [name, content]) => replaceSection(text, name, content), page);
}
