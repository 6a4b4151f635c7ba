import { floatScalar, floats, GraphBuilder, int64s, type Tensor, writeModel } from '@retort/onnx';
import { openSession } from '@retort/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trainingGraph } from '../training/training-graph.js';
import type { LossOptions } from './loss-options.js';
import { type TaskHead, taskInputs, withTaskLosses, withTaskMask, withTaskOutputs } from './task-heads.js';
import { withLoss } from './with-loss.js';

const HEADS: TaskHead[] = [
  { name: 'a', offset: 0, classes: 2 },
  { name: 'b', offset: 2, classes: 3, weight: 0.5 },
  { name: 'c', offset: 5, classes: 2 },
];
const CLASSES = 7;
const SPEC: LossOptions = { lambda: 0.3, temperature: 2, labelSmoothing: 0.1 };

/** Logits that are the input itself, times 1 as a weight: its gradient is then a sum over the rows. */
function passThrough(classes: number) {
  const b = new GraphBuilder();
  b.input('z', 'float32', ['batch', classes]);
  b.initializer('ones', floats([classes], new Float32Array(classes).fill(1)));
  b.output(b.add('Mul', ['z', 'ones'], { outputs: ['logits'] }), 'float32', ['batch', classes]);
  return b.build();
}

async function run(model: Parameters<typeof writeModel>[0], feeds: Record<string, Tensor>) {
  const session = await openSession(writeModel(model), { placement: 'inline' });
  try {
    return await session.run(feeds);
  } finally {
    await session.close();
  }
}

interface Row {
  task: number;
  label: number;
  z: number[];
  teacher: number[];
}

function feedsOf(rows: Row[]): Record<string, Tensor> {
  const matrix = (values: number[][]) => floats([rows.length, CLASSES], values.flat());
  return {
    z: matrix(rows.map(({ z }) => z)),
    labels: int64s(
      [rows.length],
      rows.map(({ task, label }) => (label < 0 ? -1 : HEADS[task]!.offset + label)),
    ),
    teacher_logits: matrix(rows.map(({ teacher }) => teacher)),
    ...taskInputs(
      Int32Array.from(rows, ({ task }) => task),
      HEADS,
      { training: true },
    ),
  };
}

const masked = withTaskMask(passThrough(CLASSES), HEADS);
const several = withTaskLosses(masked, HEADS, SPEC, { teacher: true });

/** The loss by what exists for one task alone. @param factors what the rows of each task are weighted by */
async function expectedLoss(rows: Row[], factors = [1, 1, 1]): Promise<number> {
  let total = 0;
  for (const [k, { offset, classes, weight = 1 }] of HEADS.entries()) {
    const own = rows.filter(({ task }) => task === k);
    if (own.length === 0) continue;
    const part = (values: number[][]) =>
      floats(
        [own.length, classes],
        values.flatMap((row) => row.slice(offset, offset + classes)),
      );
    const { loss } = await run(withLoss(passThrough(classes), SPEC, { teacher: true }), {
      z: part(own.map(({ z }) => z)),
      labels: int64s(
        [own.length],
        own.map(({ label }) => label),
      ),
      teacher_logits: part(own.map(({ teacher }) => teacher)),
    });
    total += (factors[k]! * weight * own.length * (loss!.data as Float32Array)[0]!) / rows.length;
  }
  return total;
}

const logit = fc.float({ min: -8, max: 8, noNaN: true });
const logits = fc.array(logit, { minLength: CLASSES, maxLength: CLASSES });
const row = fc.integer({ min: 0, max: 2 }).chain((task) =>
  fc.record({
    task: fc.constant(task),
    label: fc.integer({ min: -1, max: HEADS[task]!.classes - 1 }),
    z: logits,
    teacher: logits,
  }),
);
const batch = fc.array(row, { minLength: 1, maxLength: 6 });

describe('the loss of several tasks', () => {
  it('is that of each task alone, weighted by its share of the rows', async () => {
    await fc.assert(
      fc.asyncProperty(batch, async (rows) => {
        const { loss } = await run(several, feedsOf(rows));
        expect((loss!.data as Float32Array)[0]).toBeCloseTo(await expectedLoss(rows), 3);
      }),
      { numRuns: 12 },
    );
  });

  it('takes the factors of a schedule and the weights of the rows as a single task does', async () => {
    const schedule = { interpolation: 'linear', stages: [{ until: 1, lambda: 0.9 }] } as const;
    const spec: LossOptions = { ...SPEC, schedule: { ...schedule, stages: [...schedule.stages] } };
    const scheduled = withTaskLosses(masked, HEADS, spec, { teacher: true, weighted: true });
    const factors = [0.5, 2, 3];
    await fc.assert(
      fc.asyncProperty(batch, async (rows) => {
        const { loss } = await run(scheduled, {
          ...feedsOf(rows),
          loss_lambda: floatScalar(SPEC.lambda),
          loss_temperature: floatScalar(SPEC.temperature),
          row_weights: floats(
            [rows.length],
            rows.map(({ task }) => factors[task]!),
          ),
        });
        expect((loss!.data as Float32Array)[0]).toBeCloseTo(await expectedLoss(rows, factors), 3);
      }),
      { numRuns: 8 },
    );
  });

  it('does not depend on the logits of other heads, nor do their weights get a gradient from it', async () => {
    const { model, gradients } = trainingGraph({ model: masked, trainable: ['ones'] }, SPEC, {
      ...{ teacher: true, seed: 1, heads: HEADS },
    });
    const found = gradients.get('ones');
    const output = found?.kind === 'dense' ? found.output : '';
    const session = await openSession(writeModel(model), { placement: 'inline' });
    const step = async (rows: Row[]) => {
      const results = await session.run({ ...feedsOf(rows), ones: floats([CLASSES], Array(CLASSES).fill(1)) });
      return { loss: results.loss!.data[0], gradient: Array.from(results[output]!.data as Float32Array) };
    };
    await fc.assert(
      fc.asyncProperty(batch, fc.integer({ min: 0, max: 2 }), logits, async (all, task, other) => {
        const { offset, classes } = HEADS[task]!;
        const isOwn = (c: number) => c >= offset && c < offset + classes;
        const rows = all.map((one) => ({ ...one, task, label: Math.min(one.label, classes - 1) }));
        const changed = rows.map((one) => ({ ...one, z: one.z.map((value, c) => (isOwn(c) ? value : other[c]!)) }));
        const [before, after] = [await step(rows), await step(changed)];
        expect(after).toEqual(before);
        for (const [c, value] of before.gradient.entries()) if (!isOwn(c)) expect(Math.abs(value)).toBe(0);
      }),
      { numRuns: 25 },
    );
    await session.close();
  });

  it('masks the classes of other tasks, and gives each task its slice', async () => {
    const z = Array.from({ length: 2 * CLASSES }, (_, i) => i / 4);
    const feeds = { z: floats([2, CLASSES], z), ...taskInputs(Int32Array.of(1, 0), HEADS, { training: false }) };
    const { logits: out } = await run(masked, feeds);
    const finite = Array.from(out!.data as Float32Array, (value) => (value > -1e8 ? value : null));
    const none = null;
    expect(finite).toEqual([none, none, ...z.slice(2, 5), none, none, ...z.slice(7, 9), none, none, none, none, none]);
    const outputs = await run(withTaskOutputs(passThrough(CLASSES), HEADS), { z: feeds.z });
    expect(Array.from(outputs['logits.b']!.data as Float32Array)).toEqual([...z.slice(2, 5), ...z.slice(9, 12)]);
    expect(outputs['logits.b']!.dims).toEqual([2, 3]);
  });

  it('refuses heads that are not those of the model', () => {
    const model = passThrough(CLASSES);
    expect(() => withTaskMask(model, HEADS.slice(0, 2))).toThrow(/The heads have 5 classes, the model 7/);
    expect(() => withTaskMask(model, [HEADS[1]!])).toThrow(/"b" must begin at class 0, not at 2/);
  });
});
