import { findInitializer } from '@retort/onnx';
import { wordTables } from '../students/word-tables.js';
import type { TrainableModel } from '../trainable.js';
import { takeRows, withTensors } from './rows-and-columns.js';

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
