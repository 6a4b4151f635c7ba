import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lossCurvePicture } from '../../scripts/docs/loss-curve-picture.ts';
import { replaceSection } from '../../scripts/docs/sections.ts';
import { stepBreakdownPicture } from '../../scripts/docs/step-breakdown-picture.ts';
import { ticks } from '../../scripts/docs/svg.ts';

describe('ticks', () => {
  it('are evenly spaced round numbers that cover the values', () => {
    const positive = fc.double({ min: 1e-6, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(positive, fc.integer({ min: 2, max: 12 }), (max, count) => {
        const found = ticks(max, count);
        const step = found[1];
        expect(found[0]).toBe(0);
        expect(found.at(-1)).toBeGreaterThanOrEqual(max * (1 - 1e-6));
        expect(found.at(-2)).toBeLessThan(max);
        expect(found.length - 1).toBeLessThanOrEqual(count);
        expect([1, 2, 5]).toContain(Math.round(step / 10 ** Math.floor(Math.log10(step * (1 + 1e-9)))));
        for (const [i, tick] of found.entries()) expect(tick).toBeCloseTo(i * step, 6);
      }),
    );
  });
});

/** Every number that places something, by attribute. */
function placesOf(svg: string, attribute: string): number[] {
  return [...svg.matchAll(new RegExp(` ${attribute}="([-\\d.]+)"`, 'g'))].map(([, value]) => Number(value));
}

describe('the pictures', () => {
  it('draw a loss curve within their bounds, higher losses higher', () => {
    const point = (step: number, training: number) => ({ step, training, validation: training + 1, accuracy: 0.5 });
    const svg = lossCurvePicture({
      student: { layers: 1, width: 8, heads: 1 },
      ...{ data: 'data.jsonl', rows: { training: 10, validation: 5 }, batchSize: 5, learningRate: 0.1 },
      points: [point(2, 3.7), point(4, 1.2), point(6, 0.4)],
    });
    const [validation, training] = [placesOf(svg, 'cy').slice(0, 3), placesOf(svg, 'cy').slice(3)];
    expect(training).toEqual(training.toSorted((a, b) => a - b));
    for (const [i, y] of training.entries()) expect(validation[i]).toBeLessThan(y);
    for (const x of placesOf(svg, 'cx')) expect(x).toBeGreaterThan(0);
    expect(svg).not.toContain('NaN');
  });

  it('draw bars as long as the times', () => {
    const operators = Array.from({ length: 14 }, (_, i) => ({ op: `Op<${i}>`, forward: 28 - 2 * i, backward: 14 - i }));
    const svg = stepBreakdownPicture({
      ...{ shape: 'encoder 1x8', threads: 2, msPerStep: 400, betweenKernels: 6, outsideGraph: 3 },
      operators,
    });
    const widths = [...svg.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)" height="15"/g)].map(([, w]) =>
      Number(w),
    );
    expect(widths).toHaveLength(2 * 13 + 2);
    expect(widths[0] / widths[1]).toBeCloseTo(2, 2);
    // The last two operators share a bar: 4 + 2 forward ms to the first one's 28.
    expect(widths[24] / widths[0]).toBeCloseTo(6 / 28, 2);
    expect(svg).toContain('Op&lt;0&gt;');
  });
});

describe('replaceSection', () => {
  const page = 'a\n<!-- x: made -->\nold\n<!-- end of x -->\nb\n';

  it('replaces what is between the markers, and again', () => {
    const once = replaceSection(page, 'x', 'new $& text');
    expect(once).toBe('a\n<!-- x: made -->\n\nnew $& text\n\n<!-- end of x -->\nb\n');
    expect(replaceSection(once, 'x', 'new $& text')).toBe(once);
  });

  it('refuses a page without them', () => {
    expect(() => replaceSection(page, 'y', '')).toThrow(/"y"/);
  });
});
