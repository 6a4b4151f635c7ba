import { element } from './svg.ts';

const R = 5;

/** Shapes that can be told apart without colour, by number; from their number on they come again. */
const SHAPES: ((x: number, y: number, color: string) => string)[] = [
  (x, y, color) => element('circle', { cx: x, cy: y, r: R - 1, fill: 'none', stroke: color, 'stroke-width': 2 }),
  (x, y, color) => element('circle', { cx: x, cy: y, r: R, fill: color }),
  (x, y, color) =>
    element('rect', { x: x - R + 0.5, y: y - R + 0.5, width: 2 * R - 1, height: 2 * R - 1, fill: color }),
  (x, y, color) => polygon([x, y - R - 1, x + R + 1, y, x, y + R + 1, x - R - 1, y], color),
  (x, y, color) => polygon([x, y - R, x + R, y + R - 1, x - R, y + R - 1], color),
  (x, y, color) => polygon([x, y + R, x + R, y - R + 1, x - R, y - R + 1], color),
];

/** A marker of a point. One of no number is a small circle. */
export function marker(number: number, x: number, y: number, color: string): string {
  if (number < 0) return element('circle', { cx: x, cy: y, r: R - 1, fill: color });
  return SHAPES[number % SHAPES.length](x, y, color);
}

function polygon(coordinates: number[], fill: string): string {
  return element('polygon', { points: coordinates.map((value) => value.toFixed(1)).join(' '), fill });
}
