import type { StepBreakdown } from '../../test/bench/pictures/step-breakdown.ts';
import { COLORS, element, label, picture, ticks } from './svg.ts';

const WIDTH = 720;
const PLOT = { left: 170, right: 620, top: 72 };
const ROW = 24;
const BAR = 15;
/** About the width of a letter. */
const LETTER = 7;
/** Operators with a bar of their own; the others share one. */
const SHOWN = 12;

interface Bar {
  name: string;
  parts: { ms: number; color: string }[];
}

/** Time of one training step by operator, forward and backward. */
export function stepBreakdownPicture({
  shape,
  msPerStep,
  operators,
  betweenKernels,
  outsideGraph,
}: StepBreakdown): string {
  const bars = [
    ...operators.slice(0, SHOWN).map(operatorBar),
    operatorBar({
      op: `${operators.length - SHOWN} other operators`,
      forward: sum(operators.slice(SHOWN).map(({ forward }) => forward)),
      backward: sum(operators.slice(SHOWN).map(({ backward }) => backward)),
    }),
    { name: 'between kernels', parts: [{ ms: betweenKernels, color: COLORS.third }] },
    { name: 'outside the graph', parts: [{ ms: outsideGraph, color: COLORS.third }] },
  ];
  const bottom = PLOT.top + ROW * bars.length;
  const totalOf = ({ parts }: Bar) => sum(parts.map(({ ms }) => ms));
  const xTicks = ticks(Math.max(...bars.map(totalOf)), 6);
  const scale = (PLOT.right - PLOT.left) / (xTicks.at(-1) as number);
  const x = (ms: number) => PLOT.left + scale * ms;
  const title = `One training step of ${shape}: ${msPerStep.toFixed(0)} ms by operator`;

  return picture(title, WIDTH, bottom + 56, [
    label(title, 16, 24, { 'font-size': 15 }),
    ...legend(),
    ...xTicks.flatMap((ms) => [
      element('line', {
        x1: x(ms),
        x2: x(ms),
        y1: PLOT.top - 4,
        y2: bottom,
        stroke: COLORS.grid,
        'stroke-opacity': 0.25,
      }),
      label(String(ms), x(ms), bottom + 18, { 'text-anchor': 'middle' }),
    ]),
    label('time in the step, ms', (PLOT.left + PLOT.right) / 2, bottom + 42, { 'text-anchor': 'middle' }),
    ...bars.flatMap((bar, i) => {
      const y = PLOT.top + ROW * i + (ROW - BAR) / 2;
      let from = 0;
      const rectangles = bar.parts.map(({ ms, color }) => {
        const rectangle = element('rect', { x: x(from), y, width: scale * ms, height: BAR, fill: color });
        from += ms;
        return rectangle;
      });
      const share = (100 * totalOf(bar)) / msPerStep;
      return [
        label(bar.name, PLOT.left - 8, y + BAR - 3, { 'text-anchor': 'end' }),
        ...rectangles,
        label(`${share.toFixed(1)}%`, x(totalOf(bar)) + 6, y + BAR - 3),
      ];
    }),
  ]);
}

function operatorBar({ op, forward, backward }: StepBreakdown['operators'][number]): Bar {
  const parts = [
    { ms: forward, color: COLORS.first },
    { ms: backward, color: COLORS.second },
  ];
  return { name: op, parts };
}

function legend(): string[] {
  const entries = [
    ['forward and loss', COLORS.first],
    ['backward', COLORS.second],
    ['no operator', COLORS.third],
  ] as const;
  let x = PLOT.left;
  return entries.flatMap(([name, color]) => {
    const drawn = [element('rect', { x, y: 42, width: 11, height: 11, fill: color }), label(name, x + 17, 52)];
    x += 48 + LETTER * name.length;
    return drawn;
  });
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
