import type { GradientContext } from '../gradient/context.js';
import type { ShapeContext } from '../shapes/context.js';
import { normalizeAxis } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { InputGradient, OpRule } from './rule.js';

/** Outputs Y, Mean and InvStdDev; the last two have ones in place of the normalized axes, and are float32 whatever Y is. */
function inferLayerNormalization(context: ShapeContext): Facts[] {
  const { type, shape } = context.input(0);
  if (!shape) return [{ type, shape }];
  const axis = normalizeAxis(context.int('axis', -1), shape.length);
  const statistics: Facts = { type: 'float32', shape: shape.map((dim, i) => (i < axis ? dim : 1)) };
  return [{ type, shape }, statistics, statistics];
}

/**
 * LayerNormalization: y = x̂·scale + bias, x̂ = (x - mean)·r with r = 1/√(variance + ε) over the axes from `axis` on
 * (Ba et al. 2016). With g = dy·scale,
 *
 *     dx = r · (g - mean(g) - x̂·mean(g·x̂)),  dscale = Σ dy·x̂,  dbias = Σ dy.
 *
 * The forward node gives mean and r as further outputs, so nothing is computed twice.
 */
function layerNormalizationGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, dy } = context;
  const [x, scale, bias] = [context.input(0), context.input(1), context.input(2)];
  const type = e.facts(x).type ?? 'float32';
  const statistic = (index: number) => {
    const value = context.optionalOutput(index);
    return e.facts(value).type === type ? value : e.cast(value, type);
  };
  const inverse = context.shared(() => statistic(2));
  const normalized = context.shared(() => e.mul(e.sub(x, statistic(1)), inverse()));
  const axes = () => {
    const first = context.axis(-1);
    return e.shape(x).flatMap((_, axis) => (axis >= first ? [axis] : []));
  };
  const mean = (value: string) => {
    const over = axes();
    const summed = e.reduceSum(value, over);
    const dims = over.map((axis) => e.shape(x)[axis]);
    if (dims.every((dim) => typeof dim === 'number')) {
      return e.mul(summed, e.scalar(1 / dims.reduce((product, dim) => product * dim, 1), x));
    }
    return e.div(summed, e.div(e.cast(e.emit('Size', [value]), type), e.cast(e.emit('Size', [summed]), type)));
  };
  return [
    () => {
      const g = e.mul(dy, scale);
      const centred = e.sub(e.sub(g, mean(g)), e.mul(normalized(), mean(e.mul(g, normalized()))));
      return e.mul(centred, inverse());
    },
    () => e.sumTo(e.mul(dy, normalized()), scale),
    () => e.sumTo(dy, bias),
  ];
}

export const normalizationRules: OpRule[] = [
  {
    op: 'LayerNormalization',
    since: 17,
    infer: inferLayerNormalization,
    gradient: layerNormalizationGradient,
    opaqueOutputs: [1, 2],
  },
];
