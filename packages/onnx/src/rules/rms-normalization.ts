import { standardize, unstandardize } from '../emit/standardizing.js';
import { sumTo } from '../emit/sum-to.js';
import type { ShapeContext } from '../shapes/context.js';
import { normalizeAxis } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';

/**
 * Root-mean-square normalisation (Zhang and Sennrich 2019): y = x·r·scale with r = 1/√(mean(x²) + ε) over the axes from `axis` on.
 * ONNX has it as RMSNormalization since opset 23; ONNX Runtime's own SimplifiedLayerNormalization, which its exporters write into
 * ai.onnx at any opset, gives r as a second output.
 */

function inferRmsNormalization(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  if (!shape) return [{ type, shape }];
  const axis = normalizeAxis(context.int('axis', -1), shape.length);
  return [
    { type, shape },
    { type: 'float32', shape: shape.map((dim, i) => (i < axis ? dim : 1)) },
  ];
}

function rmsNormalizationGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, dy } = context;
  const [x, scale] = [context.input(0), context.input(1)];
  const first = context.axis(-1);
  const axes = e.shape(x).flatMap((_, axis) => (axis >= first ? [axis] : []));
  const epsilon = context.float('epsilon', 1e-5);
  let made: ReturnType<typeof standardize> | undefined;
  const standardized = () => {
    made ??= standardize(e, x, { axes, epsilon, centred: false });
    return made;
  };
  return [
    () => unstandardize(e, standardized(), e.mul(dy, scale)),
    () => sumTo(e, e.mul(dy, standardized().normalized), scale),
  ];
}

export const rmsNormalizationRules: OpRule[] = [
  {
    op: 'RMSNormalization',
    since: 23,
    infer: (context) => inferRmsNormalization(context).slice(0, 1),
    gradient: rmsNormalizationGradient,
  },
  {
    op: 'SimplifiedLayerNormalization',
    infer: inferRmsNormalization,
    gradient: rmsNormalizationGradient,
    opaqueOutputs: [1],
  },
];
