import type { Model } from '@retort/onnx';
import type { TrainableModel } from '../trainable.js';

/**
 * The tables that token ids look rows up in, and nothing else reads: `Gather` of the input `input_ids`. Of a static student that is the
 * table of its tokens by themselves, where it has one: rows of the other are shared by all n-grams that hash to them.
 */
export function wordTables({ model, trainable }: TrainableModel): string[] {
  const isLookup = ({ op, inputs }: Model['graph']['nodes'][number]) => op === 'Gather' && inputs[1] === 'input_ids';
  return trainable.filter((name) => {
    const readers = model.graph.nodes.filter(({ inputs }) => inputs.includes(name));
    return readers.length > 0 && readers.every((node) => isLookup(node) && node.inputs[0] === name);
  });
}
