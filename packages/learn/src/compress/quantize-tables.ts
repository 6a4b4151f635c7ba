import { floats, GraphBuilder, type Model, type Node, pruneGraph } from '@retort/onnx';
import { rounded } from './quantize-weights.js';

/** Largest absolute integer of a table. Its integers are not multiplied by others, so that nothing saturates: all 8 bits are used. */
export const TABLE_LIMIT = 127;

const FLOAT32 = 1;

export interface QuantizedTable {
  /** int8 `[rows, width]`. */
  values: Int8Array;
  /** `[rows]`: a row is scale·values. */
  scales: Float32Array;
}

/**
 * Rounds a table to int8, symmetric, one scale for each row, since rows are read one by one and differ much in size:
 *
 *     sᵣ = maxⱼ|tᵣⱼ| / 127,   qᵣⱼ = round(tᵣⱼ / sᵣ),   |tᵣⱼ - sᵣ·qᵣⱼ| ≤ sᵣ/2
 *
 * A row of zeros has the scale 0.
 *
 * @param table row-major `[rows, width]`
 */
export function quantizeTable(table: Float32Array, width: number): QuantizedTable {
  const rows = table.length / width;
  const scales = new Float32Array(rows);
  const values = new Int8Array(table.length);
  for (let row = 0; row < rows; row++) {
    const from = table.subarray(row * width, (row + 1) * width);
    scales[row] = from.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / TABLE_LIMIT;
    for (const [j, value] of from.entries()) values[row * width + j] = rounded(value, scales[row], TABLE_LIMIT);
  }
  return { values, scales };
}

/**
 * The model with the float tables that ids look rows up in (`Gather` along axis 0 of a constant of rank 2) in int8:
 *
 *     Gather(t, ids)  →  Cast(Gather(q, ids)) · Gather(s, ids)      s `[rows, 1]`
 *
 * 1 byte instead of 4 for each number, and 4 for each row. All is standard ONNX (`com.microsoft.GatherBlockQuantized` does the same in
 * one node, which was several times slower in ONNX Runtime 1.30). Tables that anything else reads stay as they are.
 */
export function quantizeTables(model: Model): Model {
  const b = new GraphBuilder({ base: model });
  const { nodes } = model.graph;
  const integers = new Map<string, [values: string, scales: string]>();
  b.graph.nodes.length = 0;
  for (const node of nodes) {
    if (!isLookup(node) || !isTable(model, node.inputs[0])) {
      b.graph.nodes.push(node);
      continue;
    }
    const [table = '', ids = ''] = node.inputs;
    const [values, scales] = integers.get(table) ?? addTable(b, model, table);
    integers.set(table, [values, scales]);
    const rows = b.add('Cast', [b.add('Gather', [values, ids])], { attributes: { to: FLOAT32 } });
    b.add('Mul', [rows, b.add('Gather', [scales, ids])], { outputs: [node.outputs[0]] });
  }
  return pruneGraph({ ...model, graph: b.graph });
}

function addTable(b: GraphBuilder, model: Model, name: string): [string, string] {
  const { dims, data } = model.graph.initializers.get(name) as { dims: number[]; data: Float32Array };
  const { values, scales } = quantizeTable(data, dims[1]);
  return [
    b.constant({ type: 'int8', dims, data: values }, `${name}.int8`),
    b.constant(floats([dims[0], 1], scales), `${name}.scales`),
  ];
}

/** Gather along axis 0, the default. */
function isLookup({ op, domain, attributes }: Node): boolean {
  return op === 'Gather' && domain === '' && (attributes.axis?.kind !== 'int' || attributes.axis.value === 0);
}

function isTable(model: Model, name: string): boolean {
  const tensor = model.graph.initializers.get(name);
  if (tensor?.type !== 'float32' || tensor.dims.length !== 2) return false;
  if (!(tensor.data as Float32Array).every(Number.isFinite)) return false;
  return model.graph.nodes.every((node) => !node.inputs.includes(name) || isLookup(node));
}
