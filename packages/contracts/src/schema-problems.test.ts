import { Type } from 'typebox';
import { expect, it } from 'vitest';
import { schemaProblems } from './schema-problems.js';

it('says of each field what would be right, once', () => {
  const schema = Type.Object(
    { kind: Type.Enum(['one', 'other']), size: Type.Integer({ minimum: 1 }) },
    { additionalProperties: false },
  );
  expect(schemaProblems(schema, { kind: 'none', size: 0, colour: 'red' }, 'is unknown here')).toEqual(
    expect.arrayContaining([
      { path: '/kind', message: 'must be one of one, other' },
      { path: '/size', message: 'must be >= 1' },
      { path: '/colour', message: 'is unknown here' },
    ]),
  );
  expect(schemaProblems(schema, { kind: 'none', size: 0, colour: 'red' }, 'is unknown here')).toHaveLength(3);
  expect(schemaProblems(schema, 7, '')).toEqual([{ path: '/', message: 'must be object' }]);
  expect(schemaProblems(schema, { kind: 'one', size: 1 }, '')).toEqual([]);
});
