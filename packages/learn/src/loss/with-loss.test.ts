import { floats, GraphBuilder, int64s, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import { describe, expect, it } from 'vitest';
import type { LossOptions } from './loss-options.js';
import { withLoss } from './with-loss.js';

/** A model that gives its input as logits of two classes. */
function passThrough() {
  const b = new GraphBuilder();
  b.input('z', 'float32', ['batch', 2]);
  b.output(b.add('Identity', ['z'], { outputs: ['logits'] }), 'float32', ['batch', 2]);
  return b.build();
}

async function lossOf(spec: LossOptions, logits: number[], labels: number[], teacher?: number[]): Promise<number> {
  const model = withLoss(passThrough(), spec, { teacher: teacher !== undefined });
  const session = await openSession(writeModel(model), { placement: 'inline' });
  const rows = labels.length;
  const { loss } = await session.run({
    z: floats([rows, 2], logits),
    labels: int64s([rows], labels),
    ...(teacher ? { teacher_logits: floats([rows, 2], teacher) } : {}),
  });
  await session.close();
  expect(loss.dims).toEqual([]);
  return (loss.data as Float32Array)[0];
}

/*
 * By hand, for two classes with σ(x) = 1/(1 + e^-x): softmax([a, b]) = [σ(a - b), σ(b - a)].
 *   CE of class 0 at [2, 0]: -ln σ(2) = 0.1269280.   CE of class 1 at [1, 0]: -ln σ(-1) = 1.3132617.
 *   T = 2, teacher [4, 0] → p = σ(2) = 0.880797; student [2, 0] → q = σ(1) = 0.731059:
 *     KL = 0.880797·ln(0.880797/0.731059) + 0.119203·ln(0.119203/0.268941) = 0.1641222 - 0.0969914 = 0.0671308
 *   T = 2, teacher [0, 2] → p = σ(-1) = 0.268941; student [1, 0] → q = σ(0.5) = 0.622459:
 *     KL = 0.268941·ln(0.268941/0.622459) + 0.731059·ln(0.731059/0.377541) = -0.2256915 + 0.4830947 = 0.2574032
 */
const CE = [0.126928, 1.3132617];
const KL = [0.0671308, 0.2574032];
const LOGITS = [2, 0, 1, 0];
const TEACHER = [4, 0, 0, 2];

describe('the distillation loss', () => {
  it('is the cross-entropy without a teacher, whatever lambda', async () => {
    expect(await lossOf({ lambda: 0.3, temperature: 2 }, LOGITS, [0, 1])).toBeCloseTo((CE[0] + CE[1]) / 2, 5);
  });

  it('mixes cross-entropy and T²·KL by lambda', async () => {
    const row = (i: number) => 0.3 * CE[i] + 0.7 * 4 * KL[i];
    const loss = await lossOf({ lambda: 0.3, temperature: 2 }, LOGITS, [0, 1], TEACHER);
    expect(loss).toBeCloseTo((row(0) + row(1)) / 2, 5);
  });

  it('leaves the cross-entropy out for a row without a label', async () => {
    const loss = await lossOf({ lambda: 0.3, temperature: 2 }, LOGITS, [0, -1], TEACHER);
    expect(loss).toBeCloseTo((0.3 * CE[0] + 0.7 * 4 * (KL[0] + KL[1])) / 2, 5);
    expect(await lossOf({ lambda: 1, temperature: 2 }, LOGITS, [0, -1])).toBeCloseTo(CE[0] / 2, 5);
  });

  it('is one term alone at either end of lambda', async () => {
    expect(await lossOf({ lambda: 1, temperature: 2 }, LOGITS, [0, 1], TEACHER)).toBeCloseTo((CE[0] + CE[1]) / 2, 5);
    expect(await lossOf({ lambda: 0, temperature: 2 }, LOGITS, [0, 1], TEACHER)).toBeCloseTo(2 * (KL[0] + KL[1]), 5);
  });

  it('takes the cross-entropy against smoothed labels, and none for a row without a label', async () => {
    // The other class's CE: -ln σ(-2) = 2.126928 and -ln σ(1) = 0.3132617. With ε = 0.2 the label keeps 0.8 + 0.2/2.
    const [first, second] = [0.9 * CE[0] + 0.1 * 2.126928, 0.9 * CE[1] + 0.1 * 0.3132617];
    const smoothed = { lambda: 0.3, temperature: 2, labelSmoothing: 0.2 };
    expect(await lossOf(smoothed, LOGITS, [0, 1])).toBeCloseTo((first + second) / 2, 5);
    expect(await lossOf(smoothed, LOGITS, [0, -1])).toBeCloseTo(first / 2, 5);
    const mixed = 0.3 * first + 0.7 * 4 * (KL[0] + KL[1]);
    expect(await lossOf(smoothed, LOGITS, [0, -1], TEACHER)).toBeCloseTo(mixed / 2, 5);
  });

  it('is the graph of before there was a choice, node by node, where nothing is chosen', () => {
    const { nodes, inputs, initializers } = withLoss(
      passThrough(),
      { lambda: 0.3, temperature: 2, divergence: 'forward-kl' },
      { teacher: true },
    ).graph;
    expect(inputs.map(({ name }) => name)).toEqual(['z', 'labels', 'teacher_logits']);
    expect(nodes.map(({ op }) => op).join(' ')).toBe(
      'Identity Unsqueeze Equal Cast LogSoftmax Mul ReduceSum Mul Mul LogSoftmax Mul LogSoftmax Exp Sub Mul ReduceSum Mul Add ReduceMean',
    );
    const constants = [...initializers.values()].map(({ data }) => Array.from(data as Float32Array, Number));
    expect(constants).toEqual([[0, 1], [1], [1], [Math.fround(-0.3)], [0.5], [0.5], [1], [Math.fround(2.8)]]);
  });

  it('stays finite for logits that are far apart', async () => {
    expect(await lossOf({ lambda: 0.5, temperature: 1 }, [1000, -1000], [1], [1000, -1000])).toBeCloseTo(1000, 2);
  });
});
