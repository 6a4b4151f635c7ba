import type { ShapeContext } from '../shapes/context.js';
import type { OpRule } from './rule.js';

const sameAsInput = (context: ShapeContext) => [{ type: context.input(0).type, shape: context.shape(0) }];

export const softmaxRules: OpRule[] = [
  {
    // dx = y · (dy - Σ dy·y), the sum along the axis.
    op: 'Softmax',
    infer: sameAsInput,
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
    infer: sameAsInput,
    gradient: (context) => [
      () => {
        const { emitter: e, dy } = context;
        return e.sub(dy, e.mul(e.emit('Exp', [context.output(0)]), e.reduceSum(dy, [context.axis(-1)])));
      },
    ],
  },
];
