import type { GradientContext } from '../gradient/context.js';
import { meanOver } from '../gradient/shaping.js';
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
 * LayerNormalization: y = x̂·scale + bias, x̂ = (x - mean)·r with r = 1/√(variance + ε) over the n elements from `axis` on
 * (Ba et al. 2016). With g = dy·scale,
 *
 *     dx = r · (g - mean(g) - x̂·mean(g·x̂)),  dscale = Σ dy·x̂,  dbias = Σ dy.
 *
 * The forward node gives mean and r as further outputs, so nothing is computed twice. With one `scale` for all rows both means are
 * products of a matrix with a vector, mean(g) = dy·(scale/n) and mean(g·x̂) = (dy·x̂)·(scale/n), and dy·x̂ is shared with dscale.
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
  const product = context.shared(() => e.mul(dy, normalized()));
  const means = () => {
    const axis = context.axis(-1);
    const [width] = e.shape(scale);
    const oneVector = axis === e.rank(x) - 1 && e.rank(scale) === 1 && typeof width === 'number';
    if (oneVector) {
      const column = e.mul(e.unsqueeze(scale, [1]), e.scalar(1 / width, scale));
      return { g: e.matmul(dy, column), gx: e.matmul(product(), column) };
    }
    const over = e.shape(x).flatMap((_, i) => (i >= axis ? [i] : []));
    return { g: meanOver(e, e.mul(dy, scale), over), gx: meanOver(e, e.mul(product(), scale), over) };
  };
  return [
    () => {
      const { g, gx } = means();
      return e.mul(e.sub(e.sub(e.mul(dy, scale), g), e.mul(normalized(), gx)), inverse());
    },
    () => e.sumTo(product(), scale),
    () => e.sumTo(dy, bias),
  ];
}

export const normalizationRules: OpRule[] = [
  {
    // Before opset 17 it is ONNX Runtime's own, of the same meaning, which exporters put into ai.onnx.
    op: 'LayerNormalization',
    infer: inferLayerNormalization,
    gradient: layerNormalizationGradient,
    opaqueOutputs: [1, 2],
  },
];
