import { sameAsInput } from './elementwise.js';
import type { OpRule } from './rule.js';

/** Linear operators that keep the shape, and whose gradient is themselves, mirrored. */

export const scanRules: OpRule[] = [
  {
    // What an element is added to comes behind it, so dY is summed from the other end.
    op: 'CumSum',
    infer: (context) => [sameAsInput(context)],
    gradient: (context) => [
      () => {
        const reverse = context.int('reverse', 0) === 0 ? 1 : 0;
        const attributes = { reverse, exclusive: context.int('exclusive', 0) };
        return context.emitter.emit('CumSum', [context.dy, context.input(1)], { attributes });
      },
    ],
  },
  {
    op: 'Trilu',
    since: 14,
    infer: (context) => [sameAsInput(context)],
    gradient: (context) => [
      () => {
        const diagonal = context.has(1) ? [context.input(1)] : [];
        const attributes = { upper: context.int('upper', 1) };
        return context.emitter.emit('Trilu', [context.dy, ...diagonal], { attributes });
      },
    ],
  },
];
