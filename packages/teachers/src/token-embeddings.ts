import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Model, readModel } from '@retort/onnx';
import { findModelFile } from '@retort/text';
import { tokenTable } from './token-table.js';

/** The rows that a model looks token ids up in, `[rows, width]`, row-major. */
export interface TokenEmbeddings {
  rows: number;
  width: number;
  values: Float32Array;
}

/**
 * The table of token embeddings of a model.
 *
 * @returns what it is, or why there is none: the graph shows no table that `input_ids` index, or its numbers are not float32
 */
export function tokenEmbeddings(model: Model): TokenEmbeddings | { missing: string } {
  const found = tokenTable(model);
  if (found === undefined) return { missing: '"input_ids" index no table in its graph' };
  const table = model.graph.initializers.get(found.name);
  if (table?.type !== 'float32' || table.dims.length !== 2) {
    return { missing: `the table "${found.name}" of its graph is ${table?.type} [${table?.dims}], not float32` };
  }
  const [rows, width] = table.dims;
  return { rows, width, values: table.data as Float32Array };
}

/** {@link tokenEmbeddings} of a model folder. */
export async function readTokenEmbeddings(dir: string): Promise<TokenEmbeddings | { missing: string }> {
  return tokenEmbeddings(readModel(await readFile(join(dir, await findModelFile(dir)))));
}
