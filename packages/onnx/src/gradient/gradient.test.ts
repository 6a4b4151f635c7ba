import { RetortError } from '@retort/contracts';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { gradientError, TOLERANCE } from '../../../../test/support/finite-differences.ts';
import { GraphBuilder } from '../builder.js';
import type { Graph, Model } from '../model.js';
import { floats, int64s, int64Vector } from '../tensor.js';
import { writeModel } from '../write.js';
import { gradient } from './gradient.js';

/** loss = Σ act(x·w + b) over x [batch, 3]. */
function layer(act = 'Relu', opset = 18): Model {
  const b = new GraphBuilder({ opset });
  b.input('x', 'float32', ['batch', 3]);
  b.initializer('w', floats([3, 2], [1, 2, 3, 4, 5, 6]));
  b.initializer('b', floats([2], [1, 2]));
  const y = b.add(act, [b.add('Gemm', ['x', 'w', 'b'])], { outputs: ['y'] });
  b.output(b.add('ReduceSum', [y], { outputs: ['loss'], attributes: { keepdims: 0 } }), 'float32', []);
  return b.build();
}

function errorOf(run: () => unknown): RetortError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(RetortError);
    return error as RetortError;
  }
  throw new Error('It should have thrown.');
}

describe('gradient', () => {
  it('sums the gradients of every use of a value', async () => {
    const error = await gradientError({
      variables: { x: { dims: [2, 3] }, w: { dims: [3, 3] } },
      build: (b) => {
        const h = b.add('Tanh', [b.add('MatMul', ['x', 'w'])]);
        return b.add('Add', [b.add('MatMul', [h, 'w']), b.add('Mul', [h, 'x'])]);
      },
      seed: 1,
    });
    expect(error).toBeLessThan(TOLERANCE.float64);
  });

  it('keeps the graph, its outputs and the given model as they were', () => {
    const model = layer();
    const before = structuredClone(model.graph);
    const { model: made } = gradient(model, { loss: 'loss', wrt: ['w'] });
    expect(model.graph).toEqual(before);
    expect(made.graph.nodes.slice(0, 3)).toEqual(before.nodes);
    expect(made.graph.outputs.map(({ name }) => name)).toEqual(['loss', 'grad/w']);
  });

  it('builds nothing that no gradient needs', () => {
    const all = gradient(layer(), { loss: 'loss', wrt: ['w', 'b', 'x'] }).model.graph.nodes;
    const bias = gradient(layer(), { loss: 'loss', wrt: ['b'] }).model.graph.nodes;
    const products = (nodes: typeof all) => nodes.filter(({ op }) => op === 'FusedMatMul' || op === 'MatMul').length;
    expect([products(all), products(bias)]).toEqual([2, 0]);
  });

  it('gives rows for a table that is gathered from, whichever places read it', async () => {
    const build = (b: GraphBuilder) => {
      const first = b.add('Gather', ['table', b.constant(int64s([2, 2], [0, 3, 3, 1]))]);
      const second = b.add('Gather', ['table', b.constant(int64Vector([-1, 3]))]);
      return b.add('Add', [b.add('Tanh', [first]), second]);
    };
    expect(await gradientError({ variables: { table: { dims: [4, 3] } }, build, seed: 2 })).toBeLessThan(
      TOLERANCE.float64,
    );

    const b = new GraphBuilder();
    b.initializer('table', floats([4, 3]));
    b.output(b.add('ReduceSum', [build(b)], { outputs: ['loss'], attributes: { keepdims: 0 } }), 'float32', []);
    const { model, gradients } = gradient(b.build(), { loss: 'loss', wrt: ['table'] });
    expect(gradients.get('table')).toEqual({ kind: 'sparse', indices: 'grad/table/indices', rows: 'grad/table/rows' });
    // No value of the table's size is made.
    expect(model.graph.nodes.map(({ op }) => op)).not.toContain('ScatterElements');
  });

  it('gives a dense gradient for a table that is also multiplied with (tied embeddings)', async () => {
    const build = (b: GraphBuilder) => {
      const rows = b.add('Gather', ['table', b.constant(int64Vector([2, 0, 2]))]);
      return b.add('MatMul', [rows, b.add('Transpose', ['table'], { attributes: { perm: [1, 0] } })]);
    };
    expect(await gradientError({ variables: { table: { dims: [4, 3] } }, build, seed: 3 })).toBeLessThan(
      TOLERANCE.float64,
    );
  });

  it('adds repeated rows up whatever the number of threads', async () => {
    // ONNX Runtime's ScatterND loses additions here: it makes them in parallel.
    const [rows, width] = [64, 40_000];
    const b = new GraphBuilder();
    b.input('x', 'float32', [2, width]);
    const indices = b.constant(int64Vector(Array.from({ length: rows }, (_, i) => i % 2)));
    const picked = b.add('Gather', [b.add('Neg', ['x']), indices]);
    b.output(b.add('ReduceSum', [picked], { outputs: ['loss'], attributes: { keepdims: 0 } }), 'float32', []);
    const { model } = gradient(b.build(), { loss: 'loss', wrt: ['x'] });
    const session = await ort.InferenceSession.create(writeModel(model), { intraOpNumThreads: 2 });
    for (let run = 0; run < 6; run++) {
      const { 'grad/x': found } = await session.run({
        x: new ort.Tensor('float32', new Float32Array(2 * width), [2, width]),
      });
      expect((found.data as Float32Array).every((value) => value === -rows / 2)).toBe(true);
    }
    await session.release();
  });

  it('needs no scatter-add, which opset 16 brought, where nothing is picked twice', async () => {
    // The first token's state, as exporters write it.
    const pick = (index: number[]) => (b: GraphBuilder) =>
      b.add('Gather', [b.add('Mul', ['x', 'x']), b.constant(int64s([index.length], index))], {
        attributes: { axis: 1 },
      });
    const check = { variables: { x: { dims: [2, 3, 2] } }, opset: 13, seed: 4 };
    expect(await gradientError({ ...check, build: pick([0, 2]) })).toBeLessThan(TOLERANCE.float64);
    await expect(gradientError({ ...check, build: pick([0, 0]) })).rejects.toThrow('takes opset 16');
  });

  it('stops at integers and at steps', () => {
    const b = new GraphBuilder();
    b.initializer('w', floats([3]));
    b.add('ReduceSum', [b.add('Mul', ['w', b.add('Floor', ['w'])])], {
      outputs: ['loss'],
      attributes: { keepdims: 0 },
    });
    const { model } = gradient(b.build(), { loss: 'loss', wrt: ['w'] });
    // Only the direct factor contributes: one product forward, one backward.
    expect(model.graph.nodes.filter(({ op }) => op === 'Mul')).toHaveLength(2);
  });
});

describe('gradient refuses', () => {
  it('an operator without a rule, naming node and opset, all of them at once', () => {
    const { code, message } = errorOf(() => gradient(layer('Celu'), { loss: 'loss', wrt: ['w'] }));
    expect(code).toBe('RT_UNSUPPORTED_OP');
    expect(message).toContain('node "y" (Celu), opset 18 of ai.onnx: no gradient rule');
    // What is not on the way from the weights to the loss may be anything.
    const b = new GraphBuilder({ base: layer() });
    b.output(b.add('Celu', ['y'], { outputs: ['aside'] }), 'float32', undefined);
    expect(gradient(b.build(), { loss: 'loss', wrt: ['w'] }).gradients.size).toBe(1);
  });

  it.each([12, 25])('opset %i', (opset) => {
    const { code, message } = errorOf(() => gradient(layer('Relu', opset), { loss: 'loss', wrt: ['w'] }));
    expect(code).toBe('RT_UNSUPPORTED_OP');
    expect(message).toContain(`opset ${opset}`);
  });

  it('an operator whose definition in this opset is another', () => {
    expect(errorOf(() => gradient(layer('Mish', 17), { loss: 'loss', wrt: ['w'] })).message).toContain(
      'the gradient needs opset 18',
    );
  });

  it('weights that it cannot find, that are no floats, or that change nothing', () => {
    const model = layer();
    model.graph.initializers.set('ids', int64Vector([1]));
    model.graph.initializers.set('idle', floats([1]));
    const messageOf = (name: string) => errorOf(() => gradient(model, { loss: 'loss', wrt: [name] })).message;
    expect(messageOf('nobody')).toContain('no initializer or input named "nobody"');
    expect(messageOf('ids')).toContain('"ids" is int64');
    expect(messageOf('idle')).toContain('"idle" has no influence on "loss"');
  });

  it('a graph that reads an initializer it does not have', () => {
    const model = layer();
    model.graph.initializers.delete('b');
    const { code, message } = errorOf(() => gradient(model, { loss: 'loss', wrt: ['w'] }));
    expect(code).toBe('RT_INVALID_MODEL');
    expect(message).toContain(
      'node "gemm" (Gemm): it reads "b", which is no input, no initializer and no node\'s output',
    );
  });

  it('a loss of several elements, or none of that name', () => {
    expect(errorOf(() => gradient(layer(), { loss: 'y', wrt: ['w'] })).message).toContain('must be one element');
    expect(errorOf(() => gradient(layer(), { loss: 'nothing', wrt: ['w'] })).message).toContain(
      'no value named "nothing"',
    );
  });

  it('a loss of unknown rank', () => {
    const b = new GraphBuilder();
    b.initializer('w', floats([2, 3]));
    b.input('axes', 'int64', ['some']);
    b.add('ReduceSum', ['w', 'axes'], { outputs: ['loss'], attributes: { keepdims: 0 } });
    const { message } = errorOf(() => gradient(b.build(), { loss: 'loss', wrt: ['w'] }));
    expect(message).toContain('The rank of the loss "loss" is not known');
  });

  it('a value of unknown rank where the rule needs it', () => {
    const b = new GraphBuilder();
    b.initializer('w', floats([4]));
    b.input('x', 'float32', [2]);
    b.graph.inputs.push({ name: 'any', type: 'float32', shape: undefined });
    b.add('ReduceSum', [b.add('Mul', ['w', 'any'], { outputs: ['scaled'] })], {
      outputs: ['loss'],
      attributes: { keepdims: 0 },
    });
    const { message } = errorOf(() => gradient(b.build(), { loss: 'loss', wrt: ['w'] }));
    expect(message).toMatch(
      /cannot be differentiated at node "\w+" \(\w+\), opset 18 of ai.onnx: the rank of "[\w/]+" is not known/,
    );
  });

  it('weights that only a subgraph reads, rather than leaving them out', () => {
    const branch = (): Graph => {
      const inner = new GraphBuilder();
      inner.output(inner.add('Neg', ['w'], { outputs: ['taken'] }), 'float32', [4]);
      return inner.graph;
    };
    const b = new GraphBuilder();
    b.initializer('w', floats([4]));
    b.input('condition', 'bool', []);
    const attributes = {
      then_branch: { kind: 'graph' as const, value: branch() },
      else_branch: { kind: 'graph' as const, value: branch() },
    };
    b.add('If', ['condition'], { outputs: ['chosen'], attributes });
    b.add('ReduceSum', ['chosen'], { outputs: ['loss'], attributes: { keepdims: 0 } });
    b.graph.valueInfo.push({ name: 'loss', type: 'float32', shape: [] });
    expect(errorOf(() => gradient(b.build(), { loss: 'loss', wrt: ['w'] })).message).toContain('node "chosen" (If)');
  });
});
