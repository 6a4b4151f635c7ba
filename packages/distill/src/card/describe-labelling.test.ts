import { expect, it } from 'vitest';
import { describeQueries, describeTransferSet } from './describe-labelling.js';

it('tells what labelling came to, where that is known', () => {
  const transferSet = { unlabelled: 2, sources: 1000, generated: 2000, duplicates: 30, filtered: 40, kept: 1930 };
  expect(describeTransferSet({ transferSet })).toBe(
    '1,930 of 2,000 generated texts kept, 30 were duplicates, of 40 the teacher was not sure, made of 1,000 training texts, 2 training texts had no label',
  );
  expect(describeTransferSet({ transferSet: { ...transferSet, repeated: 1 } })).toMatch(
    /2 training texts had no label, 1 of them repeated others and were left out$/,
  );
  const planned = { upperBound: 4000, estimated: 3000 };
  expect(describeQueries({ teacherQueries: { ...planned, made: 2500, cached: 0 } })).toBe(
    '2,500 asked, 0 answers from the cache',
  );
  expect([describeTransferSet({}), describeQueries({}), describeQueries({ teacherQueries: planned })]).toEqual([
    '',
    '',
    '',
  ]);
});
