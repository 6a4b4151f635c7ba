import fc from 'fast-check';
import { int64Vector } from '../../../packages/onnx/src/index.ts';
import { type Case, type Cases, extent, POSITIVE, reduction } from './generators.ts';

/** A diagonal of any offset, the upper or the lower part. */
const trilu = fc
  .record({
    dims: fc.array(extent, { minLength: 2, maxLength: 3 }),
    upper: fc.nat(1),
    k: fc.option(fc.integer({ min: -2, max: 2 })),
  })
  .map(
    ({ dims, upper, k }): Case => ({
      variables: { x: { dims } },
      build: (b) => {
        const offset = k === null ? [] : [b.add('Squeeze', [b.constant(int64Vector([k]))])];
        return b.add('Trilu', ['x', ...offset], { attributes: { upper } });
      },
    }),
  );

const cumSum = fc
  .record({
    dims: fc.array(extent, { minLength: 1, maxLength: 3 }),
    axis: fc.nat(2),
    exclusive: fc.nat(1),
    reverse: fc.nat(1),
  })
  .map(
    ({ dims, axis, exclusive, reverse }): Case => ({
      variables: { x: { dims } },
      build: (b) =>
        b.add('CumSum', ['x', b.add('Squeeze', [b.constant(int64Vector([axis % dims.length]))])], {
          attributes: { exclusive, reverse },
        }),
    }),
  );

export const reductionCases: Cases = {
  '.CumSum': cumSum,
  '.ReduceL1': reduction('ReduceL1', true, POSITIVE),
  '.ReduceLogSum': reduction('ReduceLogSum', false, POSITIVE),
  '.ReduceLogSumExp': fc.oneof(reduction('ReduceLogSumExp', true), reduction('ReduceLogSumExp', false)),
  '.ReduceProd': reduction('ReduceProd', false),
  '.ReduceSumSquare': reduction('ReduceSumSquare', false),
  '.Trilu': trilu,
};
