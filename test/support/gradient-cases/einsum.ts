import fc from 'fast-check';
import { type Case, type Cases, extent } from './generators.ts';

/**
 * Any number of factors over few labels, so that most are shared; the output keeps some of them. An ellipsis stands for up to two
 * axes, and each input axis may be a 1 that broadcasts.
 */
const einsum = fc
  .record({
    terms: fc.array(fc.shuffledSubarray([...'abcd'], { minLength: 0, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    extents: fc.tuple(extent, extent, extent, extent),
    hidden: fc.array(extent, { maxLength: 2 }),
    shown: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    ones: fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
    output: fc.option(fc.shuffledSubarray([...'abcd'])),
    ellipsis: fc.boolean(),
  })
  .map(({ terms, extents, hidden, shown, ones, output, ellipsis }): Case => {
    /** At least the first input has the ellipsis, where there is one; all that have it are of as many axes there. */
    const dots = (i: number) => (ellipsis && (i === 0 || shown[i]) ? '...' : '');
    const dims = terms.map((labels, i) => {
      const before = dots(i) ? hidden : [];
      const own = labels.map((label, axis) =>
        i > 0 && ones[3 * i + axis] && ones[axis] ? 1 : extents['abcd'.indexOf(label)],
      );
      return [...before, ...own];
    });
    const used = new Set(terms.flat());
    const left = terms.map((labels, i) => dots(i) + labels.join('')).join(',');
    const right = output?.filter((label) => used.has(label)).join('');
    const equation = right === undefined ? left : `${left}->${ellipsis ? '...' : ''}${right}`;
    return {
      variables: Object.fromEntries(dims.map((shape, i) => [`x${i}`, { dims: shape }])),
      build: (b) =>
        b.add(
          'Einsum',
          terms.map((_, i) => `x${i}`),
          { attributes: { equation } },
        ),
    };
  });

/** As attention is written. */
const attention = fc
  .constantFrom('bqhd,bkhd->bhqk', 'bhqk,bkhd->bqhd', 'bi,io->bo', 'bi,bj->bij', 'bij->b', 'bij->bji')
  .chain((equation) =>
    fc.array(extent, { minLength: 8, maxLength: 8 }).map((extents): Case => {
      const labels = [...new Set(equation.replace(/[^a-z]/g, ''))];
      const terms = equation.split('->')[0].split(',');
      return {
        variables: Object.fromEntries(
          terms.map((term, i) => [`x${i}`, { dims: [...term].map((label) => extents[labels.indexOf(label)]) }]),
        ),
        build: (b) =>
          b.add(
            'Einsum',
            terms.map((_, i) => `x${i}`),
            { attributes: { equation } },
          ),
      };
    }),
  );

export const einsumCases: Cases = { '.Einsum': fc.oneof(einsum, attention) };
