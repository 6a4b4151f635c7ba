import type { ShapeContext } from '../shapes/context.js';
import type { Facts } from '../shapes/facts.js';
import type { OpRule } from './rule.js';

/** Linear operators that keep the shape, and whose gradient is themselves, mirrored. */

function sameAsInput(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  return [{ type, shape }];
}

export const scanRules: OpRule[] = [
  {
    // What an element is added to comes behind it, so dY is summed from the other end.
    op: 'CumSum',
    infer: sameAsInput,
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
    infer: sameAsInput,
    gradient: (context) => [
      () => {
        const diagonal = context.has(1) ? [context.input(1)] : [];
        const attributes = { upper: context.int('upper', 1) };
        return context.emitter.emit('Trilu', [context.dy, ...diagonal], { attributes });
      },
    ],
  },
];
