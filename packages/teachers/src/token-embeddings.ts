import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readModel } from '@retort/onnx';
import { findModelFile } from '@retort/text';
import { tokenTable } from './token-table.js';

/** The rows that a model looks token ids up in, `[rows, width]`, row-major. */
export interface TokenEmbeddings {
  rows: number;
  width: number;
  values: Float32Array;
}

/**
 * The table of token embeddings of a model folder.
 *
 * @returns what it is, or why there is none: the graph shows no table that `input_ids` index, or its numbers are not float32
 */
export async function readTokenEmbeddings(dir: string): Promise<TokenEmbeddings | { missing: string }> {
  const path = await findModelFile(dir);
  const model = readModel(await readFile(join(dir, path)));
  const found = tokenTable(model);
  if (found === undefined) return { missing: `"input_ids" index no table in ${path}` };
  const table = model.graph.initializers.get(found.name);
  if (table?.type !== 'float32' || table.dims.length !== 2) {
    return { missing: `the table "${found.name}" of ${path} is ${table?.type} [${table?.dims}], not float32` };
  }
  const [rows, width] = table.dims;
  return { rows, width, values: table.data as Float32Array };
}
