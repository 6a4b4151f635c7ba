import { sameAsInput } from './elementwise.js';
import type { OpRule } from './rule.js';

export const softmaxRules: OpRule[] = [
  {
    // dx = y · (dy - Σ dy·y), the sum along the axis.
    op: 'Softmax',
    infer: (context) => [sameAsInput(context)],
    gradient: (context) => [
      () => {
        const { emitter: e, dy } = context;
        const y = context.output(0);
        const weighted = e.mul(dy, y);
        return e.sub(weighted, e.mul(y, e.reduceSum(weighted, [context.axis(-1)])));
      },
    ],
  },
  {
    // dx = dy - e^y · Σ dy.
    op: 'LogSoftmax',
    infer: (context) => [sameAsInput(context)],
    gradient: (context) => [
      () => {
        const { emitter: e, dy } = context;
        return e.sub(dy, e.mul(e.emit('Exp', [context.output(0)]), e.reduceSum(dy, [context.axis(-1)])));
      },
    ],
  },
];
