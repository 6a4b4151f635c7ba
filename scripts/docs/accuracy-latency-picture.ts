import type { Cell } from '../../test/bench/distill/cells.ts';
import { CONFIGURATIONS } from '../../test/bench/distill/configurations.ts';
import { DATA_SETS } from '../../test/bench/distill/data-sets.ts';
import type { Latency } from '../../test/bench/distill/latency.ts';
import { cellsOf, summarize } from '../../test/bench/distill/summary.ts';
import { marker } from './marker.ts';
import { latencyOf } from './speed-table.ts';
import { COLORS, element, label, logTicks, picture, ticksBetween } from './svg.ts';

const [WIDTH, HEIGHT] = [760, 700];
/** Of one data set: place within its quarter of the picture. */
const PANEL = { width: 380, height: 290, left: 58, right: 362, top: 40, bottom: 244 };
const LEGEND = { top: 44, row: 20 };
const TOP = 100;
const LETTER = 7;
const FAMILY_COLORS: Record<string, string> = { static: COLORS.first, encoder: COLORS.second, teacher: COLORS.third };

/** A model of a data set. */
interface Point {
  family: string;
  /** What the family's models differ in. */
  variant: string;
  ms: number;
  /** 0..1 */
  accuracy: number;
}

export interface Panel {
  name: string;
  points: readonly Point[];
}

/** Test accuracy against the time for one text, of all that was measured in both. */
export function accuracyLatencyPicture(cells: readonly Cell[], latencies: readonly Latency[]): string {
  const main = CONFIGURATIONS.filter(({ table }) => table === 'main');
  const accuracyOf = (data: string, config: string) =>
    summarize(cellsOf(cells, data, config), ({ accuracy }) => accuracy)?.mean;
  const panels = DATA_SETS.map((data): Panel => {
    const students = main.flatMap(({ name }): Point[] => {
      const [accuracy, ms] = [accuracyOf(data, name), latencyOf(latencies, data, name)?.student.one];
      const [family, variant] = name.split('/');
      return accuracy === undefined || ms === undefined ? [] : [{ family, variant, ms, accuracy }];
    });
    const accuracy = accuracyOf(data, 'teacher');
    const ms = latencies.find((latency) => latency.data === data)?.minilm.one;
    const teacher =
      accuracy === undefined || ms === undefined ? [] : [{ family: 'teacher', variant: 'teacher', ms, accuracy }];
    return { name: data, points: [...students, ...teacher] };
  });
  const variants = [...new Set(main.map(({ name }) => name.split('/')[1]))];
  return drawAccuracyLatency(panels, variants);
}

/** @param variants in the order of their markers */
export function drawAccuracyLatency(panels: readonly Panel[], variants: readonly string[]): string {
  const title = 'Accuracy against latency';
  return picture(title, WIDTH, HEIGHT, [
    label(`${title}: one text, one thread, tokenizer included`, 16, 24, { 'font-size': 15 }),
    ...legend(variants),
    ...panels.flatMap((panel, i) => {
      const origin = { x: (i % 2) * PANEL.width, y: TOP + Math.floor(i / 2) * PANEL.height };
      return drawPanel(panel, origin, variants);
    }),
  ]);
}

function drawPanel({ name, points }: Panel, origin: { x: number; y: number }, variants: readonly string[]): string[] {
  const [left, right] = [origin.x + PANEL.left, origin.x + PANEL.right];
  const [top, bottom] = [origin.y + PANEL.top, origin.y + PANEL.bottom];
  const middle = (left + right) / 2;
  const heading = label(name, middle, top - 12, { 'text-anchor': 'middle', 'font-weight': 'bold' });
  if (points.length === 0) {
    return [heading, label('not run yet', middle, (top + bottom) / 2, { 'text-anchor': 'middle' })];
  }
  const shares = points.map(({ accuracy }) => 100 * accuracy);
  const [low, high] = [Math.min(...shares) - 0.5, Math.max(...shares) + 0.5];
  const times = points.map(({ ms }) => ms);
  const [fast, slow] = [Math.min(...times) / 1.6, Math.max(...times) * 1.6];
  const x = (ms: number) => left + ((right - left) * Math.log(ms / fast)) / Math.log(slow / fast);
  const y = (share: number) => bottom - ((bottom - top) * (share - low)) / (high - low);
  const grid = { stroke: COLORS.grid, 'stroke-opacity': 0.25 };
  return [
    heading,
    ...ticksBetween(low, high, 5).flatMap((share) => [
      element('line', { x1: left, x2: right, y1: y(share), y2: y(share), ...grid }),
      label(String(share), left - 8, y(share) + 4, { 'text-anchor': 'end' }),
    ]),
    ...logTicks(fast, slow).flatMap((ms) => [
      element('line', { x1: x(ms), x2: x(ms), y1: top, y2: bottom, ...grid }),
      label(String(ms), x(ms), bottom + 16, { 'text-anchor': 'middle', 'font-size': 11 }),
    ]),
    label('ms', middle, bottom + 34, { 'text-anchor': 'middle' }),
    label('accuracy, %', origin.x + 14, (top + bottom) / 2, {
      'text-anchor': 'middle',
      transform: `rotate(-90 ${origin.x + 14} ${(top + bottom) / 2})`,
    }),
    ...points.map(({ family, variant, ms, accuracy }) =>
      marker(variants.indexOf(variant), x(ms), y(100 * accuracy), FAMILY_COLORS[family] ?? COLORS.text),
    ),
  ];
}

/** Families by colour, variants by shape. */
function legend(variants: readonly string[]): string[] {
  let x = 16;
  const families = Object.entries(FAMILY_COLORS).flatMap(([name, fill]) => {
    const shown = name === 'teacher' ? 'teacher (MiniLM)' : `${name} student`;
    const drawn = [
      element('rect', { x, y: LEGEND.top, width: 11, height: 11, fill }),
      label(shown, x + 17, LEGEND.top + 10),
    ];
    x += 48 + LETTER * shown.length;
    return drawn;
  });
  x = 16;
  const shapes = variants.flatMap((name, i) => {
    const at = LEGEND.top + LEGEND.row;
    const drawn = [marker(i, x + 5, at + 6, COLORS.text), label(name, x + 17, at + 10)];
    x += 48 + LETTER * name.length;
    return drawn;
  });
  return [...families, ...shapes];
}
