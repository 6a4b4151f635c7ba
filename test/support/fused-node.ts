import {
  type AttributeInput,
  type DataType,
  floats,
  GraphBuilder,
  type Model,
  sizeOf,
  type Tensor,
} from '../../packages/onnx/src/index.ts';
import { int32s } from './gradient-cases/fused-attention.ts';

/** Models of one fused operator on constants. */

export const domain = 'com.microsoft';
/** A tensor of numbers within ±1 without a pattern that an error could hide in. */
export const wave = (dims: number[], phase = 0) =>
  floats(
    dims,
    Array.from({ length: sizeOf(dims) }, (_, i) => Math.sin(1.7 * i + phase)),
  );

/** One node. */
export interface Fused {
  op: string;
  /** Omitted ones are undefined. */
  inputs: (Tensor | undefined)[];
  /** Types by name. */
  outputs?: Record<string, DataType>;
  attributes?: Record<string, AttributeInput>;
  domain?: string;
  opset?: number;
}

/** A model of one node on constants. */
export function modelOf({ op, inputs, outputs = { y: 'float32' }, opset = 18, ...rest }: Fused): Model {
  const b = new GraphBuilder({ opset });
  const names = inputs.map((tensor) => (tensor ? b.constant(tensor) : ''));
  b.addMany(op, names, { domain, ...rest, outputs: Object.keys(outputs) });
  for (const [name, type] of Object.entries(outputs)) if (name !== '') b.output(name, type, undefined);
  return b.build();
}

/** The extents of what follows. */
export const [batch, tokens] = [2, 3];
/** Query, key and value for two heads: five keys, values wider than keys. */
export const projected = [wave([batch, tokens, 4]), wave([batch, 5, 4], 1), wave([batch, 5, 6], 2)];
/** Query, key and value of as many tokens, for four query and two key heads of width 8. */
export const sequences = [32, 16, 16].map((width, i) => wave([batch, tokens, width], i));
/** An int32 per sequence of the batch. */
export const perSequence = (values: number[]) => int32s([batch], values);
