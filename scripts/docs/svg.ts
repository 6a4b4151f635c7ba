/** The little SVG that the documentation's pictures need: the same input gives the same bytes. */

/** Readable on white and on near black alike, since a page may be either. */
export const COLORS = {
  text: '#7a838c',
  grid: '#7a838c',
  first: '#3a87c8',
  second: '#d9822b',
  third: '#8b939b',
} as const;

const FONT = 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif';

type Attributes = Record<string, string | number>;

/** An element of SVG. Children are elements, not text. */
export function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${attributeOf(value)}"`);
  const open = `<${name}${written.join('')}`;
  return children.length === 0 ? `${open}/>` : `${open}>\n${children.join('\n')}\n</${name}>`;
}

/** A line of text, `x` and `y` on its baseline. */
export function label(content: string, x: number, y: number, attributes: Attributes = {}): string {
  const written = Object.entries({ x, y, ...attributes }).map(([key, value]) => ` ${key}="${attributeOf(value)}"`);
  return `<text${written.join('')}>${escaped(content)}</text>`;
}

/**
 * A whole picture.
 *
 * @param title what it shows, for those who cannot see it
 */
export function picture(title: string, width: number, height: number, children: readonly string[]): string {
  const root = element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: 'img',
      'font-family': FONT,
      'font-size': 13,
      fill: COLORS.text,
    },
    [`<title>${escaped(title)}</title>`, ...children],
  );
  return `${root}\n`;
}

/** Round numbers (1, 2 or 5 times a power of ten apart) from 0 to at least `max`, about `count` of them. */
export function ticks(max: number, count: number): number[] {
  const wanted = max / count;
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= wanted) as number) * power;
  const last = Math.ceil(max / step - 1e-9);
  return Array.from({ length: last + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/** Round numbers as {@link ticks} has them, those from `low` to `high`, about `count` of them; `low` below `high`. */
export function ticksBetween(low: number, high: number, count: number): number[] {
  const [, step] = ticks(high - low, count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** The numbers 1, 2 and 5 times powers of ten from `low` to `high`, both positive: for a logarithmic axis. */
export function logTicks(low: number, high: number): number[] {
  const powers = Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low)) + 1;
  return Array.from({ length: powers }, (_, i) => Math.floor(Math.log10(low)) + i)
    .flatMap((power) => [1, 2, 5].map((factor) => Number((factor * 10 ** power).toPrecision(12))))
    .filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
}

function attributeOf(value: string | number): string {
  return typeof value === 'number' ? String(Math.round(100 * value) / 100) : escaped(value);
}

function escaped(content: string): string {
  return content.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
