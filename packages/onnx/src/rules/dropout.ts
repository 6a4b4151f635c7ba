import type { ShapeContext } from '../shapes/context.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';

/** Dropout as opset 12 has it: data, ratio (default ½), training_mode (default false, and then it is the identity). */

function inferDropout(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  return [
    { type, shape },
    { type: 'bool', shape },
  ];
}

/**
 * y = x · mask / (1 - ratio) in training (Srivastava et al. 2014, scaled as is usual now), so dx = dy · mask / (1 - ratio) with the
 * very mask that the forward node drew: its second output. Where only the running graph knows whether it trains, the mask is
 * all true outside of training, and the divisor is chosen then.
 */
function dropoutGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, dy } = context;
  const training = context.has(2) ? context.constantScalar(2) : 0;
  if (training === 0) return [() => dy];
  return [
    () => {
      const type = e.facts(dy).type ?? 'float32';
      const kept = e.mul(dy, e.cast(context.optionalOutput(1), type));
      const share = keptShare(context);
      if (training !== undefined) return e.div(kept, share);
      return e.div(kept, e.emit('Where', [context.input(2), share, e.scalar(1, dy)]));
    },
  ];
}

/** 1 - ratio, a scalar of dY's type. */
function keptShare(context: GradientContext): string {
  const { emitter: e, dy } = context;
  const ratio = context.has(1) ? context.constantScalar(1) : 0.5;
  if (ratio !== undefined) return e.scalar(1 - ratio, dy);
  const given = e.facts(context.input(1)).type === e.facts(dy).type;
  return e.sub(e.scalar(1, dy), given ? context.input(1) : e.cast(context.input(1), e.facts(dy).type ?? 'float32'));
}

export const dropoutRules: OpRule[] = [{ op: 'Dropout', infer: inferDropout, gradient: dropoutGradient }];
