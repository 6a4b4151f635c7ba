import type { Cell } from '../../test/bench/distill/cells.ts';
import { ABLATION_BASE } from '../../test/bench/distill/configurations.ts';
import type { Summary } from '../../test/bench/distill/summary.ts';
import { ablationData, ablationRows, gainOver, isAblatedOn } from './results-tables.ts';
import { COLORS, element, label, picture, ticksBetween } from './svg.ts';

const WIDTH = 720;
const PLOT = { left: 280, right: 640, top: 76 };
const BAR = 11;
const GAP = 10;
const HEADING = 30;
/** About the width of a letter. */
const LETTER = 7;
const BAR_COLORS = [COLORS.first, COLORS.second, COLORS.third];

/** Share of the plot that the figures beside the longest bar take. */
const FIGURES = 0.18;

interface Bars {
  family: string;
  strategy: string;
  /** In the order of the data sets; undefined where a cell was not run, null where the strategy is not for the data. */
  gains: (Summary | undefined | null)[];
}

/** What each strategy that was run adds to plain distillation, in points of test accuracy: a bar for each data set. */
export function ablationPicture(cells: readonly Cell[]): string {
  const data = ablationData();
  const rows = ablationRows()
    .filter(({ family, config }) => config !== ABLATION_BASE[family])
    .map(
      (row): Bars => ({
        ...row,
        gains: data.map((name) => (isAblatedOn(name, row) ? gainOver(cells, name, row) : null)),
      }),
    );
  return drawAblation(
    rows.filter(({ gains }) => gains.some((gain) => gain)),
    data,
  );
}

/** @param rows those of a family together */
export function drawAblation(rows: readonly Bars[], data: readonly string[]): string {
  const rowHeight = BAR * data.length + GAP;
  const families = new Set(rows.map(({ family }) => family)).size;
  const bottom = PLOT.top + rows.length * rowHeight + families * HEADING;
  const values = rows.flatMap(({ gains }) => gains.map((gain) => 100 * (gain?.mean ?? 0)));
  // Half a point to each side at least; to the left room for the figures beside the bars, which the names of the strategies follow.
  const [lowest, highest] = [Math.min(-0.5, ...values), Math.max(0.5, ...values)];
  const reach = { low: lowest - FIGURES * (highest - lowest), high: highest };
  const scale = (PLOT.right - PLOT.left) / (reach.high - reach.low);
  const x = (points: number) => PLOT.left + scale * (points - reach.low);
  const title = 'What each strategy adds to plain distillation, points of test accuracy';

  let y = PLOT.top;
  const drawn: string[] = [];
  for (const [i, { family, strategy, gains }] of rows.entries()) {
    if (family !== rows[i - 1]?.family) {
      drawn.push(label(`${family} student`, 16, y + HEADING - 10, { 'font-weight': 'bold' }));
      y += HEADING;
    }
    drawn.push(label(strategy, PLOT.left - 60, y + (BAR * data.length) / 2 + 4, { 'text-anchor': 'end' }));
    for (const [d, gain] of gains.entries())
      drawn.push(...bar(gain, x, y + d * BAR, BAR_COLORS[d % BAR_COLORS.length]));
    y += rowHeight;
  }
  return picture(title, WIDTH, bottom + 52, [
    label(title, 16, 24, { 'font-size': 15 }),
    ...legend(data),
    ...ticksBetween(reach.low, reach.high, 6).flatMap((points) => [
      element('line', {
        ...{ x1: x(points), x2: x(points), y1: PLOT.top, y2: bottom },
        stroke: COLORS.grid,
        'stroke-opacity': points === 0 ? 0.9 : 0.25,
      }),
      label(String(points), x(points), bottom + 18, { 'text-anchor': 'middle' }),
    ]),
    label('points', (PLOT.left + PLOT.right) / 2, bottom + 40, { 'text-anchor': 'middle' }),
    ...drawn,
  ]);
}

function bar(gain: Summary | undefined | null, x: (points: number) => number, y: number, fill: string): string[] {
  if (gain === null) return [];
  if (gain === undefined) return [label('not run yet', x(0) + 6, y + BAR - 1, { 'font-size': 9 })];
  const points = 100 * gain.mean;
  const [from, to] = [Math.min(0, points), Math.max(0, points)].map(x);
  const side = points < 0 ? { at: from - 5, 'text-anchor': 'end' } : { at: to + 5, 'text-anchor': 'start' };
  const one = gain.seeds === 1 ? ', 1 seed' : '';
  return [
    element('rect', { x: from, y, width: to - from, height: BAR - 1, fill }),
    label(`${points >= 0 ? '+' : ''}${points.toFixed(2)}${one}`, side.at, y + BAR - 2, {
      'font-size': 9,
      'text-anchor': side['text-anchor'],
    }),
  ];
}

function legend(data: readonly string[]): string[] {
  let x = PLOT.left;
  return data.flatMap((name, i) => {
    const fill = BAR_COLORS[i % BAR_COLORS.length];
    const drawn = [element('rect', { x, y: 42, width: 11, height: 11, fill }), label(name, x + 17, 52)];
    x += 48 + LETTER * name.length;
    return drawn;
  });
}
