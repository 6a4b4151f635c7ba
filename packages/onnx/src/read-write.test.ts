import { RetortError } from '@retort/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float, GraphBuilder } from './builder.js';
import { readModel } from './read.js';
import { floats, int64Vector } from './tensor.js';
import { writeModel } from './write.js';

function small() {
  const b = new GraphBuilder({ name: 'small' });
  const x = b.input('x', 'float32', ['batch', 3]);
  const w = b.initializer('w', floats([3, 2], [1, -2, 3, -4, 5, -6]));
  const y = b.add('LeakyRelu', [b.add('MatMul', [x, w])], { attributes: { alpha: float(1) } });
  b.output(b.add('Unsqueeze', [y, b.constant(int64Vector([-1]))]), 'float32', ['batch', 2, 1]);
  return b.build({ metadata: new Map([['k', 'v']]) });
}

describe('an ONNX file', () => {
  it('reads back as the model that was written', () => {
    expect(readModel(writeModel(small()))).toEqual(small());
  });

  it('reads back from a Node Buffer, wherever its elements are aligned', () => {
    for (let offset = 0; offset < 8; offset++) {
      const bytes = Buffer.concat([Buffer.alloc(offset), writeModel(small())]).subarray(offset);
      expect(readModel(bytes)).toEqual(small());
    }
  });

  it('is the same bytes for the same model', () => {
    expect(writeModel(small())).toEqual(writeModel(small()));
  });

  it.each([
    [-1, null],
    ['7', 7],
    ['99999999999999999999', null],
    ['x'.repeat(1000), null],
    ['batch', 'batch'],
  ])('with an axis written as %s has one of %s', (written, read) => {
    const model = small();
    model.graph.inputs[0].shape = [written, 3];
    expect(readModel(writeModel(model)).graph.inputs[0].shape).toEqual([read, 3]);
  });

  it('with an axis that no tensor has is refused, naming the value', () => {
    for (const extent of [-2, 2 ** 60]) {
      const model = small();
      model.graph.inputs[0].shape = [extent, 3];
      expect(() => readModel(writeModel(model))).toThrow(`The value "x" has an axis of ${extent} elements.`);
    }
  });

  it('that claims more elements than it has is refused before anything is allocated', () => {
    const model = small();
    model.graph.initializers.set('w', { type: 'float32', dims: [2 ** 30, 2 ** 20], data: new Float32Array(2) });
    expect(() => readModel(writeModel(model))).toThrow('initializer "w" has 8 bytes');
  });

  it('that is mutated or truncated gives a model or a clear error, never anything else', () => {
    const bytes = writeModel(small());
    const edit = fc.record({ at: fc.nat(bytes.length - 1), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 6 }), fc.nat(bytes.length), (edits, keep) => {
        const mutated = bytes.slice(0, keep);
        for (const { at, value } of edits) if (at < keep) mutated[at] = value;
        try {
          readModel(mutated);
        } catch (error) {
          expect(error).toBeInstanceOf(RetortError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
