import { asRows } from '../emit/row-products.js';
import { unstandardize } from '../emit/standardizing.js';
import { sumTo } from '../emit/sum-to.js';
import type { ShapeContext } from '../shapes/context.js';
import { normalizeAxis } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
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
  const centred = context.shared(() => e.sub(x, statistic(1)));
  const axis = context.axis(-1);
  const [width] = e.shape(scale);
  const isVector = axis === e.rank(x) - 1 && e.rank(scale) === 1 && typeof width === 'number';
  const [dx, dscale] = isVector
    ? vectorGradients(context, { centred, inverse, width })
    : tensorGradients(context, { centred, inverse, axis });
  return [dx, dscale, () => sumTo(e, dy, bias)];
}

type Parts = { centred: () => string; inverse: () => string };

/**
 * With one vector of scales for all rows. For few passes over the tensor, x̂ is never made: with c = x - mean and p = dy·c,
 *
 *     mean(g) = dy·(scale/n),  mean(g·x̂) = r·(p·(scale/n)),  dscale = rᵀ·p    as products of matrices and vectors,
 *     dx = r·(g - mean(g) - c·r·mean(g·x̂)).
 */
function vectorGradients(context: GradientContext, { centred, inverse, width }: Parts & { width: number }) {
  const { emitter: e, dy } = context;
  const scale = context.input(1);
  const product = context.shared(() => e.mul(dy, centred()));
  const dx = () => {
    const column = e.mul(e.unsqueeze(scale, [1]), e.scalar(1 / width, scale));
    const slope = e.mul(e.matmul(product(), column), e.mul(inverse(), inverse()));
    const shifted = e.sub(e.mul(dy, scale), e.matmul(dy, column));
    return e.mul(e.sub(shifted, e.mul(centred(), slope)), inverse());
  };
  const dscale = () => {
    const row = e.reshapeTo(inverse(), [1, -1]);
    return e.reshapeLike(e.matmul(row, asRows(e, product())), scale);
  };
  return [dx, dscale];
}

function tensorGradients(context: GradientContext, { centred, inverse, axis }: Parts & { axis: number }) {
  const { emitter: e, dy } = context;
  const scale = context.input(1);
  const over = e.shape(context.input(0)).flatMap((_, i) => (i >= axis ? [i] : []));
  const normalized = context.shared(() => e.mul(centred(), inverse()));
  const standardized = () => ({ normalized: normalized(), inverse: inverse(), axes: over, centred: true });
  return [() => unstandardize(e, standardized(), e.mul(dy, scale)), () => sumTo(e, e.mul(dy, normalized()), scale)];
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
