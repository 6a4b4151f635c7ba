import type { Model, Node } from '@retort/onnx';

/** A table that the model looks token ids up in. */
export interface TokenTable {
  /** Name of its initializer. */
  name: string;
  rows: number;
}

/** What may stand between the input and the lookup, or between the table and the lookup, and changes no id and no row. */
const ID_STEPS = new Set(['Identity', 'Cast', 'Reshape', 'Unsqueeze', 'Squeeze', 'Flatten']);
const TABLE_STEPS = new Set(['Identity', 'Cast', 'DequantizeLinear']);

/** The smallest table that `input_ids` index, or undefined where the graph shows none. */
export function tokenTable({ graph }: Model): TokenTable | undefined {
  const makers = new Map<string, Node>();
  for (const node of graph.nodes) for (const output of node.outputs) makers.set(output, node);
  /** Follows a value back through steps that do not matter here. */
  const originOf = (value: string, steps: Set<string>): string => {
    for (let maker = makers.get(value); maker !== undefined && steps.has(maker.op); maker = makers.get(value))
      value = maker.inputs[0];
    return value;
  };
  let smallest: TokenTable | undefined;
  for (const { op, inputs, attributes } of graph.nodes) {
    if (op !== 'Gather' || (attributes.axis?.kind === 'int' && attributes.axis.value !== 0)) continue;
    if (originOf(inputs[1], ID_STEPS) !== 'input_ids') continue;
    const name = originOf(inputs[0], TABLE_STEPS);
    const rows = graph.initializers.get(name)?.dims[0];
    if (rows !== undefined && (smallest === undefined || rows < smallest.rows)) smallest = { name, rows };
  }
  return smallest;
}
