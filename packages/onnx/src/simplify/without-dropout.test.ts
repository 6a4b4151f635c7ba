import { Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { runModel } from '../../../../test/support/tfjs-graph.ts';
import { GraphBuilder } from '../builder.js';
import type { Model } from '../model.js';
import { floatScalar } from '../tensor.js';
import { withoutDropout } from './without-dropout.js';

const ops = (model: Model) => model.graph.nodes.map(({ op }) => op);
const x = new Tensor('float32', Float32Array.of(-1, 0, 2), [3]);

describe('withoutDropout', () => {
  it('takes out dropout, chains of it too, with its constants, and changes no result', async () => {
    const b = new GraphBuilder();
    const drop = (value: string) => b.add('Dropout', [value, b.constant(floatScalar(0.5), 'ratio')]);
    const inner = b.add('Exp', [drop(drop(b.input('x', 'float32', [3])))]);
    b.output(b.add('Neg', [drop(inner)], { outputs: ['y'] }), 'float32', [3]);
    const lean = withoutDropout(b.build());
    expect(ops(lean)).toEqual(['Exp', 'Neg']);
    expect(lean.graph.initializers.size).toBe(0);
    expect(await runModel(lean, { x })).toEqual(await runModel(b.build(), { x }));
  });

  it('keeps the name of an output, a mask that is read, and dropout that is turned on', () => {
    const b = new GraphBuilder();
    const input = b.input('x', 'float32', [3]);
    b.output(b.add('Dropout', [input], { outputs: ['y'] }), 'float32', [3]);
    const [kept, mask] = b.addMany('Dropout', [input], { outputs: ['kept', 'mask'] }) as [string, string];
    b.output(b.add('Where', [mask, kept, input], { outputs: ['z'] }), 'float32', [3]);
    const on = b.constant({ type: 'bool', dims: [], data: Uint8Array.of(1) });
    const trained = b.add('Dropout', [input, b.constant(floatScalar(0.5)), on]);
    b.output(b.add('Neg', [trained], { outputs: ['w'] }), 'float32', [3]);
    expect(ops(withoutDropout(b.build()))).toEqual(['Identity', 'Dropout', 'Where', 'Dropout', 'Neg']);
  });
});
