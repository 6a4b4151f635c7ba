import type { Dim } from '../model.js';
import type { ShapeContext } from '../shapes/context.js';
import { multiplyDims, unknownShape } from '../shapes/dims.js';
import { type Facts, factsOf } from '../shapes/facts.js';
import { floatScalar, int64s, int64Vector, type Tensor } from '../tensor.js';
import type { OpRule } from './rule.js';

/** Operators that make values out of shapes and attributes. No gradient passes through them. */

function inferConstant(context: ShapeContext): Facts[] {
  const { attributes } = context.node;
  let tensor: Tensor | undefined = context.tensor('value');
  if (attributes.value_int) tensor = int64s([], [context.int('value_int', 0)]);
  if (attributes.value_ints) tensor = int64Vector(context.ints('value_ints') ?? []);
  if (attributes.value_float) tensor = floatScalar(context.float('value_float', 0));
  return tensor ? [factsOf(tensor)] : [];
}

/** With the attributes `start` and `end` (opset 15), a stretch of the shape, clamped like a slice of a list. */
function inferShape(context: ShapeContext): Facts[] {
  const shape = context
    .shape(0)
    ?.slice(context.int('start', 0), context.node.attributes.end ? context.int('end', 0) : undefined);
  return [{ type: 'int64', shape: [shape?.length ?? null], elements: shape }];
}

function inferRange(context: ShapeContext): Facts[] {
  const [start, limit, delta] = [0, 1, 2].map((i) => context.input(i).elements?.[0]);
  let length: Dim = null;
  if (typeof start === 'number' && typeof limit === 'number' && typeof delta === 'number') {
    const steps = Math.ceil((limit - start) / delta);
    if (Number.isFinite(steps)) length = Math.max(0, steps);
  } else if (start === 0 && delta === 1 && limit !== undefined) length = limit;
  return [{ type: context.input(0).type, shape: [length] }];
}

export const constantRules: OpRule[] = [
  { op: 'Constant', infer: inferConstant },
  { op: 'Shape', infer: inferShape },
  {
    op: 'Size',
    infer: (context) => {
      const shape = context.shape(0);
      return [{ type: 'int64', shape: [], elements: shape && [multiplyDims(shape)] }];
    },
  },
  {
    op: 'ConstantOfShape',
    infer: (context) => {
      const { elements, shape } = context.input(0);
      const rank = shape?.[0];
      const unknown = unknownShape(rank);
      return [{ type: context.tensor('value')?.type ?? 'float32', shape: elements ?? unknown }];
    },
  },
  { op: 'Range', infer: inferRange },
  {
    op: 'NonZero',
    infer: (context) => [{ type: 'int64', shape: [context.shape(0)?.length ?? null, null] }],
  },
];
