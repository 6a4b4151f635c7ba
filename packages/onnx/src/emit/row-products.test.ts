import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradientError, TOLERANCE } from '../../../../test/support/finite-differences.ts';

/** Beyond 128 columns the gradient of a dense layer's weights takes another way, and beyond 8 that of its bias. */
describe('the gradients of wide layers', () => {
  it.each([
    ['static', 18],
    ['opaque', 18],
    ['opaque', 13],
  ] as const)('are those of central differences, with %s shapes and opset %i', async (shapes, opset) => {
    const layer = fc.record({
      lead: fc.constantFrom<number[]>([3], [2, 2], [1, 2, 2]),
      // Narrow to narrow, narrow to wide, wide to narrow.
      widths: fc.constantFrom([2, 9], [3, 131], [131, 3]),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(layer, async ({ lead, widths: [from, to], seed }) => {
        const error = await gradientError({
          variables: {
            x: { dims: [...lead, from] },
            w: { dims: [from, to] },
            v: { dims: [from, to] },
            bias: { dims: [to] },
          },
          // Two layers on one input, as the projections of attention are.
          build: (b) =>
            b.add('Mul', [b.add('Add', [b.add('MatMul', ['x', 'w']), 'bias']), b.add('MatMul', ['x', 'v'])]),
          shapes,
          opset,
          seed,
        });
        expect(error).toBeLessThan(TOLERANCE.float64);
      }),
      { numRuns: 4 },
    );
  });
});
