import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { floats, GraphBuilder, type Model } from '@retort/onnx';
import { afterAll, describe, expect, it } from 'vitest';
import { tinyEncoder, writeFolder } from '../../../test/support/tiny-models.js';
import { tinyTransformer } from '../../../test/support/tiny-transformer.js';
import { importModel } from './index.js';

const root = mkdtempSync(join(tmpdir(), 'retort-import-'));
afterAll(() => rmSync(root, { recursive: true }));
let folders = 0;
const folderOf = (model: Model) => writeFolder(join(root, `${folders++}`), model);

/** Number of weights at each depth. */
function countsByDepth(depths: ReadonlyMap<string, number>): number[] {
  const counts: number[] = [];
  for (const depth of depths.values()) counts[depth] = (counts[depth] ?? 0) + 1;
  return counts;
}

/** The shapes of the weights at a depth. */
const shapesAt = ({ model, depths }: Awaited<ReturnType<typeof importModel>>, wanted: number) =>
  [...depths].filter(([, depth]) => depth === wanted).map(([name]) => model.graph.initializers.get(name)?.dims);

describe('importModel', () => {
  it.each([1, 2, 3, 7])(
    'finds the weights of a transformer that normalizes afterwards, %i layer(s)',
    async (layers) => {
      const imported = await importModel(folderOf(tinyTransformer({ layers })));
      expect(imported).toMatchObject({ layers, width: 8, embedding: { output: 'last_hidden_state', pooling: 'mean' } });
      // Three tables and a norm; four projections and two of the feed-forward with their biases, and two norms.
      if (layers > 1) expect(countsByDepth(imported.depths)).toEqual([5, ...Array<number>(layers).fill(16)]);
      else expect(countsByDepth(imported.depths)).toEqual([3, 18]);
      expect(imported.trainable).toEqual([...imported.depths.keys()]);
    },
  );

  it.each([2, 3])('puts the first norm of a layer that normalizes before into the layer, %i layers', async (layers) => {
    const imported = await importModel(folderOf(tinyTransformer({ layers, norm: 'pre' })));
    expect(imported.layers).toBe(layers);
    expect(shapesAt(imported, 0)).toEqual([
      [31, 8],
      [64, 8],
      [2, 8],
    ]);
    for (let layer = 1; layer <= layers; layer++)
      expect(shapesAt(imported, layer).slice(0, 3)).toEqual([[8], [8], [8, 8]]);
    expect(shapesAt(imported, layers + 1)).toEqual([[8], [8]]);
  });

  it('leaves the constants of the formula alone', async () => {
    const { model, depths } = await importModel(folderOf(tinyTransformer()));
    const constants = [...model.graph.initializers].filter(([name]) => !depths.has(name));
    expect(constants.filter(([, { type }]) => type === 'float32').length).toBeGreaterThan(0);
    for (const [name, { dims, type }] of constants) if (type === 'float32') expect(dims, name).toEqual([]);
  });

  it('makes one layer of what does not repeat', async () => {
    const imported = await importModel(folderOf(tinyEncoder()));
    expect(imported.layers).toBe(1);
    expect(Object.fromEntries(imported.depths)).toEqual({ embeddings: 0, types: 0 });
  });

  it('refuses half precision, naming a weight', async () => {
    const b = new GraphBuilder();
    b.input('input_ids', 'int64', ['batch', 'tokens']);
    const table = b.initializer('half', { type: 'float16', dims: [31, 4], data: new Uint16Array(31 * 4) });
    b.add('Cast', [b.add('Gather', [table, 'input_ids'])], { attributes: { to: 1 }, outputs: ['last_hidden_state'] });
    b.output('last_hidden_state', 'float32', ['batch', 'tokens', 4]);
    await expect(importModel(folderOf(b.build()))).rejects.toMatchObject({
      code: 'RT_INVALID_TEACHER',
      message: expect.stringMatching(/float16 \("half"\).*float32 export/),
    });
  });

  it('refuses quantized weights', async () => {
    const b = new GraphBuilder();
    b.input('input_ids', 'int64', ['batch', 'tokens']);
    const table = b.initializer('bytes', { type: 'uint8', dims: [31, 4], data: new Uint8Array(31 * 4) });
    const scale = b.constant(floats([], [0.1]));
    const zero = b.constant({ type: 'uint8', dims: [], data: new Uint8Array(1) });
    const rows = b.add('DequantizeLinear', [b.add('Gather', [table, 'input_ids']), scale, zero]);
    b.add('Identity', [rows], { outputs: ['last_hidden_state'] });
    b.output('last_hidden_state', 'float32', ['batch', 'tokens', 4]);
    await expect(importModel(folderOf(b.build()))).rejects.toMatchObject({
      code: 'RT_INVALID_TEACHER',
      message: expect.stringContaining('(DequantizeLinear): integers cannot be trained'),
    });
  });

  it('refuses an operator set without gradients', async () => {
    const old: Model = { ...tinyTransformer(), opsets: new Map([['', 12]]) };
    await expect(importModel(folderOf(old))).rejects.toMatchObject({
      code: 'RT_INVALID_TEACHER',
      message: expect.stringContaining('operator set 12'),
    });
  });
});
