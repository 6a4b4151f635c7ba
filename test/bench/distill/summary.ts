import type { Cell, Figures } from './cells.ts';

/** A figure over seeds. */
export interface Summary {
  /** Seeds that were run. */
  seeds: number;
  mean: number;
  /** Sample standard deviation; undefined of one seed. */
  deviation: number | undefined;
}

/** The cells of one data set and configuration. */
export function cellsOf(cells: readonly Cell[], data: string, config: string): Cell[] {
  return cells.filter((cell) => cell.data === data && cell.config === config);
}

/** A figure of the given cells, those that have it; undefined where none does. */
export function summarize(
  cells: readonly Cell[],
  figure: (figures: Figures) => number | undefined,
): Summary | undefined {
  return summaryOf(cells.map(({ figures }) => figure(figures)).filter((value) => value !== undefined));
}

/** A figure's gain over that of other cells, seed by seed; undefined where no seed has both. */
export function summarizeGain(
  cells: readonly Cell[],
  others: readonly Cell[],
  figure: (figures: Figures) => number | undefined,
): Summary | undefined {
  const gains = cells.map(({ seed, figures }) => {
    const base = others.find((other) => other.seed === seed);
    const [ours, theirs] = [figure(figures), base && figure(base.figures)];
    return ours === undefined || theirs === undefined ? undefined : ours - theirs;
  });
  return summaryOf(gains.filter((gain) => gain !== undefined));
}

function summaryOf(values: readonly number[]): Summary | undefined {
  if (values.length === 0) return undefined;
  const seeds = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / seeds;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { seeds, mean, deviation: seeds === 1 ? undefined : Math.sqrt(squares / (seeds - 1)) };
}
