import { floats, GraphBuilder, type Model } from '@retort/onnx';
import { describe, expect, it } from 'vitest';
import { bytesOf, OptimizerMemory } from './optimizer-memory.js';
import { checkParameterMemory, Parameters } from './parameters.js';

function model(): Model {
  const b = new GraphBuilder();
  b.initializer('table', floats([7, 2]));
  b.initializer('bias', floats([3], [1, 2, 3]));
  return b.build();
}

describe('checkParameterMemory', () => {
  it('takes what fits, and refuses more than a 32-bit address reaches before it is allocated', () => {
    expect(() => checkParameterMemory(model(), ['table', 'bias'], { averaged: true })).not.toThrow();
    expect(bytesOf([1, 5])).toBe(16 + 32);
    expect(() => bytesOf([2 ** 29, 2 ** 29])).toThrow(`needs ${2 ** 32} bytes`);
    expect(() => checkParameterMemory(model(), ['none'], { averaged: false })).toThrow('none');
  });
});

describe('Parameters', () => {
  it('keeps beside each weight what is asked for, and nothing else', () => {
    const bare = new Parameters(model(), ['table', 'bias']);
    for (const { states, rows, sum, average } of bare.list) {
      expect({ states, rows, sum, average }).toEqual({
        states: [],
        rows: undefined,
        sum: undefined,
        average: undefined,
      });
    }
    expect(bare.resultFeeds).toEqual(bare.feeds);

    const layout = { states: 2, tables: new Set(['table']), accumulated: true, averaged: true };
    const [table, bias] = new Parameters(model(), ['table', 'bias'], layout).list;
    expect([table!.states.length, table!.rows!.length, table!.sum]).toEqual([2, 7, undefined]);
    expect([bias!.states.length, bias!.rows, bias!.sum!.length]).toEqual([2, undefined, 3]);
    expect([...bias!.average!]).toEqual([1, 2, 3]);
    // No two arrays share memory.
    const arrays = [table!, bias!].flatMap(({ values, gradient, states, rows, sum, average }) =>
      [values, gradient, ...states, rows, sum, average].filter((array) => array !== undefined),
    );
    const spans = arrays.map(({ byteOffset, byteLength }) => [byteOffset, byteOffset + byteLength] as const);
    spans.sort(([a], [b]) => a - b);
    for (const [i, [from]] of spans.entries()) if (i > 0) expect(from).toBeGreaterThanOrEqual(spans[i - 1]![1]);
  });

  it('says so when all of it would need more than 4 GiB', () => {
    expect(() => new OptimizerMemory([2 ** 29, 2 ** 29])).toThrow(
      /^Training needs 4294967296 bytes for weights and optimizer; the limit is 4294901760: train fewer weights/,
    );
  });
});
