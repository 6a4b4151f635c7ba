import { RetortError } from '@retort/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GraphBuilder } from './builder.js';
import { inferShapes } from './infer-shapes.js';
import { addDims, broadcastShapes, divideDims, multiplyDims } from './shapes/dims.js';
import { floats, int64Vector } from './tensor.js';

describe('inferShapes', () => {
  it('keeps the names of axes through an attention block as exporters write it', () => {
    const b = new GraphBuilder({ opset: 17 });
    b.input('x', 'float32', ['batch', 'seq', 384]);
    b.initializer('w', floats([384, 384]));
    const heads = () => {
      const split = b.add('Reshape', [b.add('MatMul', ['x', 'w']), b.constant(int64Vector([0, 0, 12, -1]))]);
      return b.add('Transpose', [split], { attributes: { perm: [0, 2, 1, 3] } });
    };
    const keys = b.add('Transpose', [heads()], { attributes: { perm: [0, 1, 3, 2] } });
    const scores = b.add('MatMul', [heads(), keys], { outputs: ['scores'] });
    const mixed = b.add('Transpose', [b.add('MatMul', [b.add('Softmax', [scores]), heads()])], {
      attributes: { perm: [0, 2, 1, 3] },
    });
    // The shape to return to is computed from the input's, as PyTorch's exporter does.
    const part = (at: number) => b.add('Gather', [b.add('Shape', ['x']), b.constant(int64Vector([at]))]);
    const back = b.add('Concat', [part(0), part(1), b.constant(int64Vector([384]))], { attributes: { axis: 0 } });
    b.add('Reshape', [mixed, back], { outputs: ['merged'] });
    b.add('Reshape', [mixed, b.constant(int64Vector([-1, 384]))], { outputs: ['flat'] });
    const facts = inferShapes(b.build());
    expect(facts.get('scores')?.shape).toEqual(['batch', 12, 'seq', 'seq']);
    expect(facts.get('merged')?.shape).toEqual(['batch', 'seq', 384]);
    expect(facts.get('flat')?.shape).toEqual(['batch*seq', 384]);
  });

  it('takes the file at its word where it knows nothing, and nothing for granted otherwise', () => {
    const b = new GraphBuilder();
    b.input('x', 'float32', ['batch', 4]);
    b.add('Mystery', ['x'], { outputs: ['told'] });
    b.add('Mystery', ['x'], { outputs: ['untold'] });
    b.graph.valueInfo.push({ name: 'told', type: 'float32', shape: ['batch', 7] });
    const facts = inferShapes(b.build());
    expect(facts.get('told')).toEqual({ type: 'float32', shape: ['batch', 7] });
    expect(facts.get('untold')).toEqual({ type: undefined, shape: undefined });
  });

  const refused: [string, (b: GraphBuilder) => void, string][] = [
    [
      'inner extents that differ',
      (b) => b.add('MatMul', ['x', 'x'], { outputs: ['y'] }),
      'node "y" (MatMul): the inner extents 4 and 3 differ',
    ],
    [
      'shapes that do not broadcast',
      (b) => b.add('Add', ['x', b.constant(floats([3]))], { outputs: ['y'] }),
      'node "y" (Add): 4 and 3 do not broadcast',
    ],
    [
      'a reshape that loses elements',
      (b) => b.add('Reshape', ['x', b.constant(int64Vector([5, -1]))], { outputs: ['y'] }),
      'node "y" (Reshape): 12 is not a multiple of 5',
    ],
    [
      'an axis that is not there',
      (b) => b.add('Softmax', [b.add('Concat', ['x', 'x'], { outputs: ['y'], attributes: { axis: 2 } })]),
      'node "y" (Concat): axis 2 is outside a rank of 2',
    ],
    [
      'inputs of different types',
      (b) => b.add('Add', ['x', b.constant(int64Vector([1]))], { outputs: ['y'] }),
      'its inputs are of different types (float32, int64)',
    ],
    [
      'a value that nobody makes',
      (b) => b.add('Relu', ['ghost'], { outputs: ['y'] }),
      'it reads "ghost", which is no input',
    ],
    [
      'nodes out of order',
      (b) => {
        b.add('Relu', ['later'], { outputs: ['y'] });
        b.add('Relu', ['x'], { outputs: ['later'] });
      },
      'it reads "later" before the node that makes it',
    ],
    [
      'a value that two nodes make',
      (b) => {
        b.add('Relu', ['x'], { outputs: ['y'] });
        b.add('Neg', ['x'], { outputs: ['y'] });
      },
      'node "y" (Neg): it makes the value "y", which exists already',
    ],
    [
      'two inputs of one name',
      (b) => b.graph.inputs.push({ name: 'x', type: 'float32', shape: [3, 4] }),
      'two inputs or initializers named "x"',
    ],
    [
      'an axis of fewer than no elements',
      (b) => b.add('Expand', ['x', b.constant(int64Vector([-4, 1, 1]))], { outputs: ['y'] }),
      'node "y" (Expand): an axis of -4 elements',
    ],
    [
      'more axes than any tensor has',
      (b) => b.add('Reshape', ['x', b.constant(int64Vector([...Array(100).fill(1), 12]))], { outputs: ['y'] }),
      'node "y" (Reshape): a rank of 101',
    ],
    [
      'a declaration that is not so',
      (b) => {
        b.add('Relu', ['x'], { outputs: ['y'] });
        b.output('y', 'float32', [3, 5]);
      },
      'its output "y" is declared otherwise: 4 and 5 must be equal',
    ],
    [
      'an output that nobody makes',
      (b) => b.output('nothing', 'float32', []),
      'Nothing produces the graph\'s output "nothing"',
    ],
  ];

  it.each(refused)('refuses %s, naming the place', (_, build, message) => {
    const b = new GraphBuilder();
    b.input('x', 'float32', [3, 4]);
    build(b);
    expect(() => inferShapes(b.build())).toThrow(RetortError);
    expect(() => inferShapes(b.build())).toThrow(message);
  });
});

describe('inferShapes is bounded', () => {
  it('where every node doubles what the last one made', () => {
    const b = new GraphBuilder();
    b.input('x', 'float32', ['batch', 4]);
    let [rows, extents, elements] = ['x', 'x', b.add('Shape', ['x'])];
    for (let i = 0; i < 60; i++) {
      rows = b.add('Concat', [rows, rows], { attributes: { axis: 0 } });
      extents = b.add('Reshape', [
        b.add('Einsum', [extents, extents], { attributes: { equation: 'ab,cd->abcd' } }),
        b.constant(int64Vector([-1, 4])),
      ]);
      elements = b.add('Concat', [elements, elements], { attributes: { axis: 0 } });
    }
    const facts = inferShapes(b.build());
    // Names as long as a line, vectors of a thousand elements: beyond that nothing is known any more.
    expect(facts.get(rows)?.shape).toEqual([null, 4]);
    expect(facts.get(extents)?.shape).toEqual([null, 4]);
    expect(facts.get(elements)?.elements).toBeUndefined();
  });

  it('by the numbers that JavaScript holds exactly', () => {
    expect(multiplyDims([2 ** 40, 2 ** 40])).toBeNull();
    expect(addDims(Number.MAX_SAFE_INTEGER, 1)).toBeNull();
  });
});

describe('symbolic extents', () => {
  const values = { batch: 5, seq: 7, past: 4 };
  const dim = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(...Object.keys(values), '(seq + past)'));
  /** The number that an extent stands for; products and sums are spelled as they are evaluated. */
  const evaluate = (made: number | string | null): number => {
    const spelled = Object.entries(values).reduce(
      (text, [name, value]) => text.replaceAll(name, String(value)),
      String(made),
    );
    return Function(`return ${spelled}`)();
  };

  it('multiply, add and divide as numbers do, whatever the order', () => {
    fc.assert(
      fc.property(fc.array(dim, { maxLength: 5 }), dim, (dims, other) => {
        const product = multiplyDims(dims);
        expect(evaluate(product)).toBe(dims.reduce<number>((all, one) => all * evaluate(one), 1));
        expect(multiplyDims(dims.toReversed())).toBe(product);
        expect(divideDims(multiplyDims([...dims, other]), other)).toBe(product);
        expect(evaluate(addDims(product, other))).toBe(evaluate(product) + evaluate(other));
        expect(addDims(product, other)).toBe(addDims(other, product));
      }),
    );
  });

  it('are only taken as equal where they surely are', () => {
    expect(
      broadcastShapes([
        ['batch', 1],
        ['batch', 'seq'],
      ]),
    ).toEqual(['batch', 'seq']);
    expect(broadcastShapes([['batch'], ['seq']])).toEqual([null]);
    expect(broadcastShapes([['batch'], [4]])).toEqual([4]);
    expect(broadcastShapes([[null], [null]])).toEqual([null]);
    expect(divideDims('batch', 'seq')).toBeNull();
    expect(divideDims('3*batch', 2)).toBeNull();
  });
});
