import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ablationPicture, drawAblation } from '../../scripts/docs/ablation-picture.ts';
import { accuracyLatencyPicture, drawAccuracyLatency } from '../../scripts/docs/accuracy-latency-picture.ts';
import { resultsPage } from '../../scripts/docs/results-page.ts';
import { logTicks, ticksBetween } from '../../scripts/docs/svg.ts';
import { type Cell, configuredOf } from '../bench/distill/cells.ts';
import { findConfiguration } from '../bench/distill/configurations.ts';

const page = readFileSync(new URL('../../docs/results.md', import.meta.url), 'utf8');
const NOTHING = { cells: [], latencies: [], data: {} };
const places = (svg: string, attribute: string) =>
  [...svg.matchAll(new RegExp(` ${attribute}="(-?[\\d.]+)"`, 'g'))].map(([, value]) => Number(value));

function cell(config: string, seed: number, accuracy: number): Cell {
  return {
    ...{ data: 'clinc150', config, seed, seconds: 3600, commit: 'abc1234' },
    figures: { accuracy, macroF1: 0.5, calibrationError: 0.1, bytes: 4e6, agreement: 0.9 },
    configuration: configuredOf(findConfiguration(config)),
  };
}

describe('the results page', () => {
  it('says of every cell that it was not run, where none was', () => {
    const text = resultsPage(page, NOTHING);
    expect(text).toMatch(/None of the \d+ cells/);
    expect(text).toContain('| the teacher | not run yet |');
    // A row of some data sets only is empty for the others: nothing is to be run there.
    expect(text).toContain('| `static/more-text` | not run yet |  |  |  |');
    expect(text).not.toMatch(/NaN|undefined|\[object/);
    expect(resultsPage(text, NOTHING)).toBe(text);
  });

  it('gives means, deviations and gains, and says where a row has not all its seeds', () => {
    const cells = [
      ...[0.94, 0.95, 0.96].map((accuracy, i) => cell('static/everything', i + 1, accuracy)),
      cell('static/plain-kd', 1, 0.93),
      cell('static/kd+average', 1, 0.925),
    ];
    const text = resultsPage(page, { ...NOTHING, cells });
    expect(text).toContain('| `static/everything` | 95.00 ± 1.00 | not run yet |');
    expect(text).toContain('| `static/plain-kd` | 93.00 (1 seed) |');
    expect(text).toContain('| static | average | -0.50 (1 seed) | 92.50 (1 seed) | 90.00 (1 seed) | not run yet |');
    expect(text).toContain('| static | everything | +1.00 (1 seed) |');
    expect(text).toMatch(/5 of \d+ cells are run, in 5\.0 hours of computing, at commit abc1234/);
    expect(text).not.toMatch(/NaN|undefined|\[object/);
  });
});

describe('the pictures of results', () => {
  it('are drawn where nothing was run', () => {
    const pictures = [ablationPicture([]), accuracyLatencyPicture([], [])];
    for (const svg of pictures) expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    expect(pictures[1]).toContain('not run yet');
  });

  it('draw gains to the right and losses to the left, as long as they are', () => {
    const gain = (mean: number) => ({ seeds: 3, mean, deviation: 0.001 });
    const svg = drawAblation(
      [{ family: 'static', strategy: 'a & b', gains: [gain(0.02), gain(-0.01), undefined] }],
      ['one', 'two', 'three'],
    );
    const [right, left] = places(svg.slice(svg.indexOf('a &amp; b')), 'width');
    expect(right / left).toBeCloseTo(2, 1);
    const [from, to] = places(svg.slice(svg.indexOf('a &amp; b')).replace(/<text[^>]*>/g, ''), 'x');
    expect(to + left).toBeCloseTo(from, 1);
    expect(svg).toContain('+2.00');
    expect(svg).toContain('-1.00');
    expect(svg.split('not run yet')).toHaveLength(2);
    // Where a strategy is not for the data, nothing is to be run.
    const part = drawAblation([{ family: 'static', strategy: 'c', gains: [gain(0.02), null] }], ['one', 'two']);
    expect(part).not.toContain('not run yet');
  });

  it('put better students higher and slower ones further right, one alone in the middle', () => {
    const point = (ms: number, accuracy: number) => ({ family: 'static', variant: 'b', ms, accuracy });
    const svg = drawAccuracyLatency(
      [
        { name: 'x', points: [point(0.05, 0.9), point(0.5, 0.95), point(5, 0.97)] },
        { name: 'y', points: [point(1, 1)] },
      ],
      ['a', 'b'],
    );
    const markers = svg.slice(svg.indexOf('rotate'));
    const [xs, ys] = [places(markers, 'cx'), places(markers, 'cy')];
    expect(xs[1] - xs[0]).toBeCloseTo(xs[2] - xs[1], 1);
    expect(ys[0]).toBeGreaterThan(ys[1]);
    expect(ys[1]).toBeGreaterThan(ys[2]);
    expect(xs).toHaveLength(4);
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  it('have round ticks within their range', () => {
    expect(ticksBetween(92.4, 97.1, 5)).toEqual([93, 94, 95, 96, 97]);
    expect(ticksBetween(-0.5, 0.5, 6)).toEqual([-0.4, -0.2, 0, 0.2, 0.4]);
    expect(logTicks(0.04, 5)).toEqual([0.05, 0.1, 0.2, 0.5, 1, 2, 5]);
  });
});
