import type { LossCurve } from '../../test/bench/pictures/loss-curve.ts';
import { COLORS, element, label, picture, ticks } from './svg.ts';

const [WIDTH, HEIGHT] = [720, 360];
const PLOT = { left: 64, right: 600, top: 44, bottom: 300 };

/** Training and validation loss over the steps. */
export function lossCurvePicture({ student, points }: LossCurve): string {
  const xTicks = ticks(Math.max(...points.map(({ step }) => step)), 8);
  const yTicks = ticks(Math.max(...points.flatMap(({ training, validation }) => [training, validation])), 6);
  const x = (step: number) => PLOT.left + ((PLOT.right - PLOT.left) * step) / (xTicks.at(-1) as number);
  const y = (loss: number) => PLOT.bottom - ((PLOT.bottom - PLOT.top) * loss) / (yTicks.at(-1) as number);
  const title = `Loss of an encoder student (${student.layers} layers of width ${student.width}) by training step`;

  const line = (name: string, color: string, lossOf: (point: LossCurve['points'][number]) => number) => {
    const places = points.map((point) => [x(point.step), y(lossOf(point))] as const);
    const [, end] = places.at(-1) as readonly [number, number];
    return [
      element('polyline', {
        points: places.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' '),
        fill: 'none',
        stroke: color,
        'stroke-width': 2,
        'stroke-linejoin': 'round',
      }),
      ...places.map(([cx, cy]) => element('circle', { cx, cy, r: 2.5, fill: color })),
      label(name, PLOT.right + 10, end + 4, { fill: color }),
    ];
  };

  return picture(title, WIDTH, HEIGHT, [
    label(title, PLOT.left, 24, { 'font-size': 15 }),
    ...yTicks.flatMap((loss) => [
      element('line', {
        x1: PLOT.left,
        x2: PLOT.right,
        y1: y(loss),
        y2: y(loss),
        stroke: COLORS.grid,
        'stroke-opacity': 0.25,
      }),
      label(String(loss), PLOT.left - 8, y(loss) + 4, { 'text-anchor': 'end' }),
    ]),
    ...xTicks.map((step) => label(String(step), x(step), PLOT.bottom + 20, { 'text-anchor': 'middle' })),
    label('training step', (PLOT.left + PLOT.right) / 2, PLOT.bottom + 44, { 'text-anchor': 'middle' }),
    label('cross-entropy, nats', 18, (PLOT.top + PLOT.bottom) / 2, {
      'text-anchor': 'middle',
      transform: `rotate(-90 18 ${(PLOT.top + PLOT.bottom) / 2})`,
    }),
    ...line('validation', COLORS.second, ({ validation }) => validation),
    ...line('training', COLORS.first, ({ training }) => training),
  ]);
}
