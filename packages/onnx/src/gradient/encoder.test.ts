import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { sharedPath } from '../../../../test/support/shared.ts';
import { GraphBuilder } from '../builder.js';
import { initializersToInputs } from '../initializers.js';
import type { Model } from '../model.js';
import { readModel } from '../read.js';
import { int64Vector, type Tensor } from '../tensor.js';
import { writeModel } from '../write.js';
import { type GradientOutput, gradient } from './gradient.js';

const file = sharedPath('models/minilm-l6/model.onnx.gz');
const [BATCH, TOKENS, WIDTH] = [2, 6, 384];

/** L = Σ target · sentence embedding, a scalar behind the exported graph. */
function withLoss(model: Model): Model {
  const b = new GraphBuilder({ base: model });
  b.input('target', 'float32', ['batch', WIDTH]);
  const product = b.add('Mul', ['sentence_embedding', 'target']);
  b.add('ReduceSum', [product, b.constant(int64Vector([0, 1]))], { outputs: ['loss'], attributes: { keepdims: 0 } });
  b.graph.outputs = [];
  return b.build();
}

function feedsFor(weights: Map<string, Tensor>): Record<string, ort.Tensor> {
  const ids = [101, 2054, 2003, 2026, 5703, 102, 101, 6039, 2026, 102, 0, 0].map(BigInt);
  const int64 = (data: bigint[]) => new ort.Tensor('int64', BigInt64Array.from(data), [BATCH, TOKENS]);
  return {
    input_ids: int64(ids),
    attention_mask: int64(ids.map((id) => (id === 0n ? 0n : 1n))),
    token_type_ids: int64(ids.map(() => 0n)),
    target: new ort.Tensor(
      'float32',
      Float32Array.from({ length: BATCH * WIDTH }, (_, i) => Math.sin(i + 1)),
      [BATCH, WIDTH],
    ),
    ...Object.fromEntries(
      [...weights].map(([name, { data, dims }]) => [name, new ort.Tensor('float32', data as Float32Array, dims)]),
    ),
  };
}

/** A gradient in the layout of its value; `rows` of a sparse one added up. */
function denseOf(found: GradientOutput, outputs: ort.InferenceSession.ReturnType, length: number): Float32Array {
  if (found.kind === 'dense') return outputs[found.output].data as Float32Array;
  const dense = new Float32Array(length);
  const rows = outputs[found.rows].data as Float32Array;
  for (const [at, row] of (outputs[found.indices].data as BigInt64Array).entries()) {
    for (let i = 0; i < WIDTH; i++) dense[Number(row) * WIDTH + i] += rows[at * WIDTH + i];
  }
  return dense;
}

const norm = (vector: Float32Array) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));

describe.skipIf(file === undefined)('the gradient of all-MiniLM-L6-v2 (needs ../shared/models)', () => {
  it('reaches every weight, and is the slope of the loss along itself', async () => {
    const exported = readModel(gunzipSync(readFileSync(file as string)));
    // The scalars are constants of the formulae (√2, epsilons).
    const isWeight = ({ type, dims }: Tensor) => type === 'float32' && dims.length > 0;
    const weights = new Map([...exported.graph.initializers].filter(([, tensor]) => isWeight(tensor)));
    const names = [...weights.keys()];
    const trained = initializersToInputs(withLoss(exported), names);
    const { model, gradients } = gradient(trained, { loss: 'loss', wrt: names });
    expect(gradients.get('word_emb')?.kind).toBe('sparse');

    const session = await ort.InferenceSession.create(writeModel(model), { intraOpNumThreads: 1, logSeverityLevel: 3 });
    const feeds = feedsFor(weights);
    const outputs = await session.run(feeds);
    const lossAt = async () => Number((await session.run(feeds, ['loss'])).loss.data[0]);
    const gradientOf = (name: string) =>
      denseOf(gradients.get(name) as GradientOutput, outputs, weights.get(name)?.data.length ?? 0);

    // Softmax does not see what is added to every score, so the biases of the keys have no slope; all else has.
    const flat = names.filter((name) => norm(gradientOf(name)) < 1e-6);
    expect(flat).toEqual(['bias23', 'bias69', 'bias115', 'bias161', 'bias207', 'bias253']);

    for (const name of ['word_emb', 'pos_emb', 'w18', 'bias18', 'g45', 'w58', 'w207', 'bias231', 'b292']) {
      const direction = gradientOf(name);
      const slope = norm(direction);
      const data = feeds[name].data as Float32Array;
      const kept = data.slice();
      // As far as moves the loss by about 0.01, where float32 and the curve of the loss disturb about equally little.
      const step = 0.01 / slope;
      const shifted = (sign: number) => {
        for (let i = 0; i < data.length; i++) data[i] = kept[i] + (sign * step * direction[i]) / slope;
        return lossAt();
      };
      const numeric = ((await shifted(1)) - (await shifted(-1))) / (2 * step);
      data.set(kept);
      expect(Math.abs(numeric / slope - 1), name).toBeLessThan(5e-4);
    }
    await session.release();
  });
});
