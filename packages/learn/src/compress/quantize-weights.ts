import { floats, GraphBuilder, type Model, type Node, pruneGraph, type Tensor } from '@retort/onnx';

/**
 * Largest absolute integer weight. A processor without VNNI multiplies u8 activations by s8 weights with `vpmaddubsw`, which adds two
 * products in 16 bits and saturates: 2·255·127 = 64 770 is beyond 2¹⁵ - 1 = 32 767, and sums come out wrong without any error.
 * 2·255·64 = 32 640 is not, so with 7 bits the same file gives the same sums on every machine (ONNX Runtime's own quantizer calls
 * it `reduce_range`). Unsigned weights do not saturate either, but their products took twice the time here.
 */
export const WEIGHT_LIMIT = 64;

const FLOAT32 = 1;

export interface QuantizedMatrix {
  /** int8 `[from, to]`. */
  values: Int8Array;
  /** `[to]`: w ≈ scale·values, by column. */
  scales: Float32Array;
}

/**
 * Rounds a matrix to int8, symmetric, one scale for each column (output channel):
 *
 *     sⱼ = maxᵢ|wᵢⱼ| / 64,   qᵢⱼ = round(wᵢⱼ / sⱼ)  ∈ [-64, 64],   |wᵢⱼ - sⱼ·qᵢⱼ| ≤ sⱼ/2
 *
 * A column of zeros has the scale 0.
 *
 * @param weights row-major `[from, to]`
 */
export function quantizeMatrix(weights: Float32Array, to: number): QuantizedMatrix {
  const scales = new Float32Array(to);
  for (const [at, weight] of weights.entries()) {
    const column = at % to;
    scales[column] = Math.max(scales[column], Math.abs(weight) / WEIGHT_LIMIT);
  }
  const values = new Int8Array(weights.length);
  for (const [at, weight] of weights.entries()) values[at] = rounded(weight, scales[at % to], WEIGHT_LIMIT);
  return { values, scales };
}

/** round(value / scale) within ±limit, which the rounding of the scale itself to float32 could pass by one. */
export function rounded(value: number, scale: number, limit: number): number {
  if (scale === 0) return 0;
  return Math.max(-limit, Math.min(limit, Math.round(value / scale)));
}

/**
 * The model with its products by constant matrices (`MatMul`, `Gemm`) in int8, the activations quantized as they come (dynamic
 * quantization, ONNX's `DynamicQuantizeLinear`: one scale and zero point for each run, from the smallest and the largest of all rows):
 *
 *     x̂ = round(x/sₓ) + z, uint8;   y = (Σᵢ (x̂ᵢ - z)·qᵢⱼ)·sₓ·sⱼ + bⱼ
 *
 * The sums are exact in int32. All is standard ONNX; ONNX Runtime fuses the pattern to one `DynamicQuantizeMatMul`. Since a run's rows
 * share their scale, what a text is answered depends a little on what it is batched with. (A scale for each row took the whole gain
 * in time: ONNX has no operator for it.)
 *
 * A `Gemm` whose input is transposed stays as it is, and so do products with a matrix that is not float32 of rank 2 or that another
 * node reads too. `alpha` and `beta` are taken into scales and bias.
 */
export function quantizeWeights(model: Model): Model {
  const b = new GraphBuilder({ base: model });
  const { nodes } = model.graph;
  const quantized = new Map<string, string[]>();
  b.graph.nodes.length = 0;
  for (const node of nodes) {
    const product = productOf(model, node);
    if (product) emit(b, node, product, quantized);
    else b.graph.nodes.push(node);
  }
  return pruneGraph({ ...model, graph: b.graph });
}

interface Product {
  /** `[from, to]`, with `alpha` in it. */
  matrix: Tensor & { data: Float32Array };
  /** Value that is added, and its factor. */
  bias?: { name: string; factor: number };
}

/** What a node multiplies by, where that can be quantized. */
function productOf(model: Model, node: Node): Product | undefined {
  if (node.domain !== '' || (node.op !== 'MatMul' && node.op !== 'Gemm')) return undefined;
  const [, weight = '', bias = ''] = node.inputs;
  const matrix = model.graph.initializers.get(weight);
  if (matrix?.type !== 'float32' || matrix.dims.length !== 2 || flag(node, 'transA')) return undefined;
  if (model.graph.nodes.some((other) => other !== node && other.inputs.includes(weight))) return undefined;
  const transposed = flag(node, 'transB') ? transpose(matrix) : matrix;
  const alpha = factor(node, 'alpha');
  const data = (transposed.data as Float32Array).map((value) => alpha * value);
  if (!data.every(Number.isFinite)) return undefined;
  return {
    matrix: { type: 'float32', dims: transposed.dims, data },
    ...(bias === '' ? {} : { bias: { name: bias, factor: factor(node, 'beta') } }),
  };
}

/** @param quantized activations that were quantized before, for products that read the same ones */
function emit(b: GraphBuilder, node: Node, { matrix, bias }: Product, quantized: Map<string, string[]>): void {
  const [x = '', weight = ''] = node.inputs;
  const [result = ''] = node.outputs;
  let activations = quantized.get(x);
  if (!activations) {
    const outputs = ['quantized', 'scale', 'zero'].map((part) => b.unique(`${x}.${part}`));
    activations = b.addMany('DynamicQuantizeLinear', [x], { outputs });
    quantized.set(x, activations);
  }
  const [integers, scale, zero] = activations as [string, string, string];
  const { values, scales } = quantizeMatrix(matrix.data, matrix.dims[1]);
  const kernel = b.constant({ type: 'int8', dims: matrix.dims, data: values }, `${weight}.int8`);
  const columns = b.constant(floats([scales.length], scales), `${weight}.scales`);
  const sums = b.add('Cast', [b.add('MatMulInteger', [integers, kernel, zero])], { attributes: { to: FLOAT32 } });
  const product = [sums, b.add('Mul', [scale, columns])];
  if (!bias) b.add('Mul', product, { outputs: [result] });
  else b.add('Add', [b.add('Mul', product), scaledBias(b, bias)], { outputs: [result] });
}

function scaledBias(b: GraphBuilder, { name, factor: by }: { name: string; factor: number }): string {
  if (by === 1) return name;
  const constant = b.graph.initializers.get(name);
  if (constant?.type !== 'float32') return b.add('Mul', [name, b.constant(floats([], [by]))]);
  const scaled = (constant.data as Float32Array).map((value) => by * value);
  return b.constant(floats(constant.dims, scaled), `${name}.scaled`);
}

function transpose({ dims: [rows, columns], data }: Tensor): Tensor {
  const values = data as Float32Array;
  const turned = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = values[r * columns + c];
  return floats([columns, rows], turned);
}

function flag(node: Node, name: string): boolean {
  const attribute = node.attributes[name];
  return attribute?.kind === 'int' && attribute.value !== 0;
}

function factor(node: Node, name: 'alpha' | 'beta'): number {
  const attribute = node.attributes[name];
  return attribute?.kind === 'float' ? attribute.value : 1;
}
