import { float, floats, GraphBuilder, writeModel } from '@retort/onnx';
import { type ModelSession, openSession } from '@retort/runtime';
import { describe, expect, it } from 'vitest';
import { withDropout } from './dropout.js';

const SIZE = 64;

/** Two Dropout nodes side by side, the second with the default ratio of one half. */
function model(opset = 18) {
  const b = new GraphBuilder({ opset });
  b.input('x', 'float32', [SIZE]);
  b.output(b.add('Dropout', ['x', b.constant(floats([], [0.25]))], { outputs: ['y'] }), 'float32', [SIZE]);
  b.output(b.add('Dropout', ['x'], { outputs: ['z'] }), 'float32', [SIZE]);
  return b.build();
}

async function masks(session: ModelSession): Promise<string> {
  const { y, z } = await session.run({ x: floats([SIZE], new Float32Array(SIZE).fill(1)) });
  return [y, z].map((tensor) => [...(tensor!.data as Float32Array)].join(' ')).join('\n');
}

async function runsOf(seed: number, made: number, count: number): Promise<string[]> {
  const session = await openSession(writeModel(withDropout(model(), seed, made)), { placement: 'inline' });
  const found: string[] = [];
  for (let i = 0; i < count; i++) found.push(await masks(session));
  await session.close();
  return found;
}

describe('withDropout', () => {
  it('switches Dropout nodes on, each with a seed of its own', async () => {
    const off = await openSession(writeModel(model()), { placement: 'inline' });
    expect(new Set((await masks(off)).split(/\s/))).toEqual(new Set(['1']));
    await off.close();

    const [y, z] = (await runsOf(1, 0, 1))[0]!.split('\n').map((line) => line.split(' ').map(Number));
    // What is kept is scaled by 1 / (1 - ratio).
    expect(new Set(y)).toEqual(new Set([0, Math.fround(1 / 0.75)]));
    expect(new Set(z)).toEqual(new Set([0, 2]));
    expect(z!.filter((value) => value === 0).length).toBeGreaterThan(SIZE / 4);
    expect(y!.map((value) => value === 0)).not.toEqual(z!.map((value) => value === 0));
  });

  it('draws other masks in each run, and goes on with them in another session', async () => {
    const whole = await runsOf(7, 0, 6);
    expect(new Set(whole).size).toBe(6);
    expect(await runsOf(7, 4, 2)).toEqual(whole.slice(4));
    expect(await runsOf(8, 0, 1)).not.toEqual(whole.slice(0, 1));
  });

  it('leaves a graph without Dropout alone, and the given one too', () => {
    const b = new GraphBuilder();
    b.input('x', 'float32', [1]);
    b.output(b.add('LeakyRelu', ['x'], { attributes: { alpha: float(0.1) } }), 'float32', [1]);
    const plain = b.build();
    expect(withDropout(plain, 1, 0)).toBe(plain);
    const given = model();
    const before = writeModel(given);
    withDropout(given, 1, 0);
    expect(writeModel(given)).toEqual(before);
  });

  it('refuses opsets in which the mode is no input', () => {
    expect(() => withDropout(model(11), 1, 0)).toThrow('node "y" (Dropout) needs opset 12');
  });
});
