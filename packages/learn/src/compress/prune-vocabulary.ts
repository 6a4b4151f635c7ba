import { findInitializer, type Model } from '@retort/onnx';
import type { TrainableModel } from '../trainable.js';
import { takeRows, withTensors } from './rows-and-columns.js';

/**
 * The tables that token ids look rows up in, and nothing else reads: `Gather` of the input `input_ids`. None for a static student, whose
 * rows are shared by all n-grams that hash to them.
 */
export function wordTables({ model, trainable }: TrainableModel): string[] {
  const isLookup = ({ op, inputs }: Model['graph']['nodes'][number]) => op === 'Gather' && inputs[1] === 'input_ids';
  return trainable.filter((name) => {
    const readers = model.graph.nodes.filter(({ inputs }) => inputs.includes(name));
    return readers.length > 0 && readers.every((node) => isLookup(node) && node.inputs[0] === name);
  });
}

/**
 * The student with the rows of its word tables for the tokens that stay. Its ids are those of the tokenizer that was trimmed in the
 * same way.
 *
 * @param kept for every new id the old one
 */
export function keepTokens(student: TrainableModel, kept: Int32Array): TrainableModel {
  const tables = wordTables(student);
  for (const name of tables) {
    const { dims } = findInitializer(student.model, name, 'float32');
    if (kept.some((id) => id >= dims[0])) throw new Error(`"${name}" has ${dims[0]} rows, and one beyond is to stay.`);
  }
  return withTensors(student, new Map(tables.map((name) => [name, (tensor) => takeRows(tensor, kept)])));
}
