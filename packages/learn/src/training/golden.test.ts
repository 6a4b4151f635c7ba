import { floats, GraphBuilder, int64s, int64Vector, type Tensor } from '@retort/onnx';
import { describe, expect, it } from 'vitest';
import { train } from './train.js';

/*
 * Ten training steps of a small bag-of-embeddings classifier, against an implementation in plain doubles that shares no code with
 * the engine: forward and backward pass written out by hand, AdamW with lazy rows, clipping, warm-up and cosine.
 */

const [VOCABULARY, WIDTH, CLASSES, ROWS, TOKENS] = [9, 5, 3, 6, 4];
const [LAMBDA, TEMPERATURE, PEAK, DECAY, WARMUP, STEPS] = [0.3, 2, 0.05, 0.1, 0.25, 10];

/** Some numbers without a pattern, in [-1, 1]. */
const noise = (count: number, seed: number) =>
  Array.from({ length: count }, (_, i) => Math.sin((i + 1) * 12.9898 + seed * 78.233));

const start = {
  table: noise(VOCABULARY * WIDTH, 1),
  scale: noise(WIDTH, 2).map((x) => 1 + 0.3 * x),
  shift: noise(WIDTH, 3).map((x) => 0.3 * x),
  kernel: noise(WIDTH * CLASSES, 4),
  bias: noise(CLASSES, 5),
};
// Row 8 of the table is never used, row 7 only where the mask is zero; several occur twice in a text.
const ids = [1, 2, 2, 3, 4, 5, 6, 7, 1, 1, 1, 1, 3, 7, 7, 7, 6, 2, 5, 7, 0, 4, 4, 0];
const mask = [1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1];
const labels = [0, 1, 2, -1, 1, -1];
// Confident enough for the first gradients to be clipped.
const teacher = noise(ROWS * CLASSES, 6).map((x) => 6 * x);

function model() {
  const b = new GraphBuilder();
  b.input('input_ids', 'int64', ['batch', 'tokens']);
  b.input('attention_mask', 'int64', ['batch', 'tokens']);
  b.initializer('table', floats([VOCABULARY, WIDTH], start.table));
  b.initializer('scale', floats([WIDTH], start.scale));
  b.initializer('shift', floats([WIDTH], start.shift));
  b.initializer('kernel', floats([WIDTH, CLASSES], start.kernel));
  b.initializer('bias', floats([CLASSES], start.bias));
  const weights = b.add('Unsqueeze', [
    b.add('Cast', ['attention_mask'], { attributes: { to: 1 } }),
    b.constant(int64Vector([1])),
  ]);
  const sum = b.add('MatMul', [weights, b.add('Gather', ['table', 'input_ids'])]);
  const normed = b.add('LayerNormalization', [
    b.add('Reshape', [sum, b.constant(int64Vector([-1, WIDTH]))]),
    'scale',
    'shift',
  ]);
  b.output(b.add('Gemm', [normed, 'kernel', 'bias'], { outputs: ['logits'] }), 'float32', ['batch', CLASSES]);
  return b.build();
}

function softmax(z: number[], temperature = 1): number[] {
  const powers = z.map((x) => Math.exp(x / temperature));
  const sum = powers.reduce((total, x) => total + x);
  return powers.map((x) => x / sum);
}

type State = Record<keyof typeof start, number[]>;
const zeros = (): State => ({
  table: Array(45).fill(0),
  scale: Array(5).fill(0),
  shift: Array(5).fill(0),
  kernel: Array(15).fill(0),
  bias: Array(3).fill(0),
});

/** Loss and its gradient over all rows, by the chain rule written out. */
function lossAndGradient(w: State): { loss: number; gradient: State } {
  const gradient = zeros();
  let loss = 0;
  for (let row = 0; row < ROWS; row++) {
    const used = [0, 1, 2, 3].filter((t) => mask[row * TOKENS + t] === 1).map((t) => ids[row * TOKENS + t]);
    const x = Array.from({ length: WIDTH }, (_, j) => used.reduce((sum, id) => sum + w.table[id * WIDTH + j], 0));
    const mean = x.reduce((sum, value) => sum + value, 0) / WIDTH;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / WIDTH;
    const deviation = Math.sqrt(variance + 1e-5);
    const hat = x.map((value) => (value - mean) / deviation);
    const h = hat.map((value, j) => value * w.scale[j] + w.shift[j]);
    const z = Array.from({ length: CLASSES }, (_, c) =>
      h.reduce((sum, value, j) => sum + value * w.kernel[j * CLASSES + c], w.bias[c]),
    );

    const p = softmax(z);
    const target = softmax(teacher.slice(row * CLASSES, (row + 1) * CLASSES), TEMPERATURE);
    const q = softmax(z, TEMPERATURE);
    const label = labels[row];
    if (label >= 0) loss -= (LAMBDA * Math.log(p[label])) / ROWS;
    for (let c = 0; c < CLASSES; c++)
      loss += ((1 - LAMBDA) * TEMPERATURE ** 2 * target[c] * Math.log(target[c] / q[c])) / ROWS;
    // dCE/dz = p - onehot; d(T²·KL)/dz = T·(q - target).
    const dz = z.map((_, c) => {
      const hard = label >= 0 ? LAMBDA * (p[c] - (c === label ? 1 : 0)) : 0;
      return (hard + (1 - LAMBDA) * TEMPERATURE * (q[c] - target[c])) / ROWS;
    });
    const dh = h.map((_, j) => dz.reduce((sum, value, c) => sum + value * w.kernel[j * CLASSES + c], 0));
    for (let c = 0; c < CLASSES; c++) {
      gradient.bias[c] += dz[c];
      for (let j = 0; j < WIDTH; j++) gradient.kernel[j * CLASSES + c] += h[j] * dz[c];
    }
    const g = dh.map((value, j) => value * w.scale[j]);
    const meanG = g.reduce((sum, value) => sum + value, 0) / WIDTH;
    const meanGHat = g.reduce((sum, value, j) => sum + value * hat[j], 0) / WIDTH;
    for (let j = 0; j < WIDTH; j++) {
      gradient.scale[j] += dh[j] * hat[j];
      gradient.shift[j] += dh[j];
      for (const id of used) gradient.table[id * WIDTH + j] += (g[j] - meanG - hat[j] * meanGHat) / deviation;
    }
  }
  return { loss, gradient };
}

/** All steps; every batch is all rows. */
function reference(): { weights: State; losses: number[]; clipped: number } {
  const weights: State = structuredClone(start);
  const [m, v] = [zeros(), zeros()];
  const losses: number[] = [];
  let clipped = 0;
  for (let step = 1; step <= STEPS; step++) {
    const { loss, gradient } = lossAndGradient(weights);
    losses.push(loss);
    const norm = Math.sqrt(
      Object.values(gradient)
        .flat()
        .reduce((sum, x) => sum + x * x, 0),
    );
    if (norm > 1) clipped++;
    const rising = Math.ceil(WARMUP * STEPS);
    const rate =
      step <= rising
        ? (PEAK * step) / rising
        : (PEAK * (1 + Math.cos((Math.PI * (step - 1 - rising)) / (STEPS - rising)))) / 2;
    for (const name of Object.keys(weights) as (keyof State)[]) {
      for (let i = 0; i < weights[name].length; i++) {
        const g = gradient[name][i] / Math.max(1, norm);
        // Lazy rows: those that no text uses keep weights and moments.
        if (name === 'table' && Math.floor(i / WIDTH) >= 7) continue;
        m[name][i] = 0.9 * m[name][i] + 0.1 * g;
        v[name][i] = 0.999 * v[name][i] + 0.001 * g * g;
        const adam = m[name][i] / (1 - 0.9 ** step) / (Math.sqrt(v[name][i] / (1 - 0.999 ** step)) + 1e-8);
        const decay = name === 'table' || name === 'kernel' ? DECAY : 0;
        weights[name][i] -= rate * (adam + decay * weights[name][i]);
      }
    }
  }
  return { weights, losses, clipped };
}

describe('ten steps of training', () => {
  it('are those of an independent implementation', async () => {
    const trained = await train({
      model: model(),
      trainable: ['table', 'scale', 'shift', 'kernel', 'bias'],
      count: ROWS,
      inputs: (rows): Record<string, Tensor> => {
        const pick = (values: number[]) =>
          int64s(
            [rows.length, TOKENS],
            [...rows].flatMap((row) => values.slice(row * TOKENS, (row + 1) * TOKENS)),
          );
        return { input_ids: pick(ids), attention_mask: pick(mask) };
      },
      labels: Int32Array.from(labels),
      teacherLogits: Float32Array.from(teacher),
      loss: { lambda: LAMBDA, temperature: TEMPERATURE },
      training: { epochs: STEPS, batchSize: ROWS, learningRate: PEAK, seed: 7, weightDecay: DECAY, warmup: WARMUP },
    });
    const { weights, losses, clipped } = reference();
    expect(clipped).toBeGreaterThan(0);
    expect(clipped).toBeLessThan(STEPS);
    for (const [i, { loss }] of trained.history.entries()) expect(loss).toBeCloseTo(losses[i], 4);
    for (const [name, values] of trained.weights) {
      const expected = weights[name as keyof State];
      for (const [i, value] of values.entries()) expect(value, `${name}[${i}]`).toBeCloseTo(expected[i], 4);
    }
    // The last rows were not used: not even decayed.
    const untouched = trained.weights.get('table')?.slice(7 * WIDTH);
    expect(untouched).toEqual(Float32Array.from(start.table.slice(7 * WIDTH)));
  });
});
