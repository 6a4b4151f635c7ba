import { describe, expect, it } from 'vitest';
import { resolveSpec } from '../spec/resolve-spec.js';
import { planSearch } from './search-plan.js';
import { transferSetToGenerate } from './transfer-set-to-generate.js';

describe('the texts of a search', () => {
  const multiply = (values: number[]) => ({ '/transferSet/multiply': { values } });
  const generated = (spec: object) => transferSetToGenerate(resolveSpec(spec));

  it('are as many as the candidate with the most asks for, whatever the whole spec says', () => {
    const transferSet = { multiply: 3, strategies: ['typo'], seed: 5 };
    const sweep = (values: number[]) => ({ space: multiply(values), trials: 8 });
    const own = resolveSpec({ transferSet }).transferSet;
    expect(generated({ transferSet, sweep: sweep([2, 10, 5]) })).toEqual({ ...own, multiply: 10 });
    expect(generated({ transferSet, sweep: sweep([0, 1]) })).toEqual({ ...own, multiply: 1 });
    expect(generated({ sweep: sweep([0, 4]) })).toEqual(resolveSpec({ transferSet: { multiply: 4 } }).transferSet);
  });

  it('are those of the spec where no candidate has others', () => {
    const transferSet = { multiply: 3 };
    const own = resolveSpec({ transferSet }).transferSet;
    expect(generated({ transferSet })).toEqual(own);
    expect(generated({ transferSet, student: 'auto' })).toEqual(own);
    expect(generated({ transferSet, sweep: { space: { '/loss/temperature': { min: 1, max: 4 } } } })).toEqual(own);
    expect(generated({})).toBeUndefined();
    expect(generated({ student: 'auto' })).toBeUndefined();
  });

  it('are drawn by one seed, which a candidate that trains with another names', () => {
    const seedsOf = (spec: object) =>
      planSearch(resolveSpec(spec))?.candidates.map(({ spec: { training, transferSet } }) => [
        training.seed,
        transferSet?.seed,
      ]);
    const spec = {
      training: { seed: 7 },
      transferSet: { multiply: 1 },
      sweep: { space: { '/training/seed': { values: [7, 8] } }, trials: 2 },
    };
    expect(seedsOf(spec)?.sort()).toEqual([
      [7, undefined],
      [8, 7],
    ]);
    expect(seedsOf({ ...spec, transferSet: { multiply: 1, seed: 3 } })?.map(([, seed]) => seed)).toEqual([3, 3]);
    const candidates = [{ student: { width: 32 }, training: { seed: 9 } }, { student: { width: 64 } }];
    const { sweep: _, ...chosen } = { ...spec, student: 'auto', auto: { candidates } };
    expect(seedsOf(chosen)).toEqual([
      [9, 7],
      [7, undefined],
    ]);
  });
});
