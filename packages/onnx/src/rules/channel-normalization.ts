import type { Emitter } from '../emit/emitter.js';
import { UnsupportedUse } from '../emit/refusals.js';
import { channelSum, type Extent, extentsOf, shapeVector } from '../emit/shaping.js';
import { type Standardized, standardize, unstandardize } from '../emit/standardizing.js';
import { sameAsInput } from './elementwise.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';

/** Normalisations of `[batch, channels, …]` with a scale and a bias per channel. */

/** A vector of the channels, so that it broadcasts over x. */
function perChannel(e: Emitter, vector: string, x: string): string {
  const axes = Array.from({ length: Math.max(0, e.rank(x) - 2) }, (_, axis) => axis + 1);
  return axes.length > 0 ? e.unsqueeze(vector, axes) : vector;
}

/**
 * BatchNormalization as it is used after training, with fixed statistics: y = (x - mean)·r·scale + bias, r = 1/√(variance + ε). It is
 * a function of all five; dr/dvariance = -r³/2.
 */
function batchNormalizationGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, dy } = context;
  if (context.int('training_mode', 0) !== 0) throw new UnsupportedUse('training_mode is not supported');
  const [x, scale, , mean, variance] = context.node.inputs as [string, string, string, string, string];
  const inverse = context.shared(() =>
    e.emit('Reciprocal', [e.emit('Sqrt', [e.addTo(variance, e.scalar(context.float('epsilon', 1e-5), variance))])]),
  );
  const gain = context.shared(() => e.mul(scale, inverse()));
  const total = context.shared(() => channelSum(e, dy));
  /** Σ dy·(x - mean) */
  const moment = context.shared(() => channelSum(e, e.mul(dy, e.sub(x, perChannel(e, mean, x)))));
  return [
    () => e.mul(dy, perChannel(e, gain(), x)),
    () => e.mul(moment(), inverse()),
    () => total(),
    () => e.neg(e.mul(total(), gain())),
    () => e.mul(e.mul(moment(), gain()), e.mul(e.mul(inverse(), inverse()), e.scalar(-0.5, x))),
  ];
}

/** x̂·scale + bias of an x̂ that is computed over axes of a view of x: `view` makes it, and its undoing is a Reshape. */
function standardizedGradient(
  context: GradientContext,
  view: (value: string) => string,
  axesOf: (viewed: string) => number[],
): InputGradient[] {
  const { emitter: e, dy } = context;
  const [x, scale] = [context.input(0), context.input(1)];
  let made: Standardized | undefined;
  const standardized = () => {
    if (!made) {
      const viewed = view(x);
      made = standardize(e, viewed, { axes: axesOf(viewed), epsilon: context.float('epsilon', 1e-5), centred: true });
    }
    return made;
  };
  return [
    () => {
      const g = e.mul(dy, perChannel(e, scale, x));
      return e.reshapeLike(unstandardize(e, standardized(), view(g)), x);
    },
    () => channelSum(e, e.mul(dy, e.reshapeLike(standardized().normalized, x))),
    () => channelSum(e, dy),
  ];
}

/** Over what lies behind the channels, of each channel alone. */
function instanceNormalizationGradient(context: GradientContext): InputGradient[] {
  const behind = (value: string) => context.emitter.shape(value).flatMap((_, axis) => (axis < 2 ? [] : [axis]));
  return standardizedGradient(context, (value) => value, behind);
}

/** Over groups of neighbouring channels and all behind them: `[batch, groups, rest]`, over the last axis. */
function groupNormalizationGradient(context: GradientContext): InputGradient[] {
  const { emitter: e } = context;
  const groups = context.int('num_groups', 1);
  const view = (value: string) => {
    const shape: Extent[] = [...extentsOf(e, value, 0).slice(0, 1), groups, -1];
    return e.emit('Reshape', [value, shapeVector(e, shape)]);
  };
  return standardizedGradient(context, view, () => [2]);
}

export const channelNormalizationRules: OpRule[] = [
  { op: 'BatchNormalization', infer: (context) => [sameAsInput(context)], gradient: batchNormalizationGradient },
  // Before opset 21 scale and bias were per group.
  {
    op: 'GroupNormalization',
    since: 21,
    infer: (context) => [sameAsInput(context)],
    gradient: groupNormalizationGradient,
  },
  { op: 'InstanceNormalization', infer: (context) => [sameAsInput(context)], gradient: instanceNormalizationGradient },
];
