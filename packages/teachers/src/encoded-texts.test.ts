import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTokenizer } from '@retort/text';
import { afterAll, expect, it } from 'vitest';
import { writeFolder } from '../../../test/support/tiny-models.js';
import { tinyTransformer } from '../../../test/support/tiny-transformer.js';
import { EncodedTexts } from './encoded-texts.js';

const root = mkdtempSync(join(tmpdir(), 'retort-encoded-'));
afterAll(() => rmSync(root, { recursive: true }));

it('pads a batch to the length that is asked for, and without one to its longest text', async () => {
  const model = tinyTransformer();
  const tokenizer = await openTokenizer(writeFolder(join(root, 'model'), model));
  const { inputs, lengths } = new EncodedTexts(model, tokenizer, 32).examples(['ab', 'abcde'], Int32Array.of(0, 1));
  const rows = Int32Array.of(0, 1);
  expect(inputs(rows).input_ids.dims).toEqual([2, lengths[1]]);
  const padded = inputs(rows, 16);
  expect(padded.input_ids.dims).toEqual([2, 16]);
  const mask = Array.from(padded.attention_mask.data as BigInt64Array, Number);
  expect([mask.slice(0, 16), mask.slice(16)].map((row) => row.reduce((sum, real) => sum + real))).toEqual([...lengths]);
});
