import fc from 'fast-check';
import { float } from '../../../packages/onnx/src/index.ts';
import { type Case, type Cases, extent, POSITIVE, shape } from './generators.ts';

/** Large enough to keep the curvature within what a difference can follow. */
const attributes = { epsilon: float(1e-2) };

function rms(op: string, opset: number) {
  return shape(1, 3)
    .chain((dims) => fc.record({ dims: fc.constant(dims.concat(4)), axis: fc.integer({ min: -1, max: dims.length }) }))
    .map(
      ({ dims, axis }): Case => ({
        variables: { x: { dims }, scale: { dims: axis < 0 ? dims.slice(-1) : dims.slice(axis) } },
        build: (b) => b.add(op, ['x', 'scale'], { attributes: { ...attributes, axis } }),
        opset,
      }),
    );
}

/** `[batch, channels, …]` with at least a few elements to normalise over. */
const channelled = (ranks: [number, number]) =>
  fc.record({ batch: fc.integer({ min: 1, max: 2 }), channels: extent, rest: shape(...ranks) });

const batchNormalization = channelled([0, 2]).map(
  ({ batch, channels, rest }): Case => ({
    variables: {
      x: { dims: [batch, channels, ...rest] },
      scale: { dims: [channels] },
      bias: { dims: [channels] },
      mean: { dims: [channels] },
      variance: { dims: [channels], range: POSITIVE },
    },
    build: (b) => b.add('BatchNormalization', ['x', 'scale', 'bias', 'mean', 'variance'], { attributes }),
  }),
);

const instanceNormalization = channelled([0, 1]).map(
  ({ batch, channels, rest }): Case => ({
    variables: {
      x: { dims: [batch, channels, ...rest, 4] },
      scale: { dims: [channels] },
      bias: { dims: [channels] },
    },
    build: (b) => b.add('InstanceNormalization', ['x', 'scale', 'bias'], { attributes }),
    type: 'float32',
  }),
);

const groupNormalization = fc.record({ at: channelled([1, 2]), groups: fc.integer({ min: 1, max: 2 }) }).map(
  ({ at: { batch, channels, rest }, groups }): Case => ({
    variables: {
      x: { dims: [batch, channels * groups, ...rest] },
      scale: { dims: [channels * groups] },
      bias: { dims: [channels * groups] },
    },
    build: (b) =>
      b.add('GroupNormalization', ['x', 'scale', 'bias'], { attributes: { ...attributes, num_groups: groups } }),
    // Its definition computes in float32 whatever the type.
    type: 'float32',
    opset: 21,
  }),
);

export const normalizationCases: Cases = {
  '.BatchNormalization': batchNormalization,
  '.GroupNormalization': groupNormalization,
  '.InstanceNormalization': instanceNormalization,
  '.RMSNormalization': rms('RMSNormalization', 23),
  '.SimplifiedLayerNormalization': rms('SimplifiedLayerNormalization', 17),
};

/**
 * LayerNormalization spelt out as PyTorch's exporter does below opset 17:
 * `(x - mean) / Sqrt(mean(Pow(x - mean, 2)) + ε) · scale + bias`.
 */
export const decomposedLayerNormalization = shape(0, 2).map((lead): Case => {
  const width = 4;
  return {
    variables: { x: { dims: [...lead, width] }, scale: { dims: [width] }, bias: { dims: [width] } },
    opset: 13,
    build: (b, type) => {
      const scalar = (value: number) =>
        b.constant({ type, dims: [], data: type === 'float64' ? Float64Array.of(value) : Float32Array.of(value) });
      const mean = (value: string) => b.add('ReduceMean', [value], { attributes: { axes: [-1], keepdims: 1 } });
      const centred = b.add('Sub', ['x', mean('x')]);
      const variance = mean(b.add('Pow', [centred, scalar(2)]));
      const deviation = b.add('Sqrt', [b.add('Add', [variance, scalar(1e-2)])]);
      return b.add('Add', [b.add('Mul', [b.add('Div', [centred, deviation]), 'scale']), 'bias']);
    },
  };
});
