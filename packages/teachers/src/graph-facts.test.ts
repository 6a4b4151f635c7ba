import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '@retort/onnx';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportedBert } from '../../../test/support/exported-bert.ts';
import { writeFolder } from '../../../test/support/tiny-models.ts';
import { wordpiece } from '../../../test/support/tokenizers.ts';
import { graphFacts, readGraphFacts } from './graph-facts.js';
import { tokenTable } from './token-table.js';

const SHAPE = { layers: 2, width: 16, heads: 4 };
const bert = exportedBert({ ...SHAPE, intermediate: 24, positions: 40, vocabulary: 120, style: 'matmul' });
let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'retort-facts-'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

/** In half precision: a table that nobody reads here. */
function halved(model: Model): Model {
  const { graph } = model;
  const name = tokenTable(model)?.name ?? '';
  const { dims, data } = graph.initializers.get(name) ?? { dims: [0], data: [] };
  const half = { type: 'float16' as const, dims, data: new Uint16Array(data.length) };
  return { ...model, graph: { ...graph, initializers: new Map([...graph.initializers, [name, half]]) } };
}

it('tells what a student can take over from a folder', async () => {
  const config = { model_max_length: 40 };
  writeFolder(work, bert, { 'tokenizer.json': wordpiece({ lowercase: true }), 'tokenizer_config.json': config });
  expect(await readGraphFacts(work)).toEqual({ tokenizer: 'WordPiece', bert: SHAPE, wordVectors: true });
  expect(graphFacts(bert, 'BPE')).toEqual({ bert: SHAPE, wordVectors: false });
  expect(graphFacts(halved(bert), 'WordPiece').wordVectors).toBe(false);
});
