import type { EncoderShape } from '@retort/contracts';
import { encoderStudent } from '@retort/learn';
import { findInitializer, type Model } from '@retort/onnx';
import { describe, expect, it } from 'vitest';
import { grow } from './grow.js';

const sizes = { family: 'encoder', width: 16, heads: 2, intermediate: 16, maxLength: 8 } as const;
const student = (layers: number, seed: number) => {
  const spec: EncoderShape = { ...sizes, layers, dropout: 0, pooling: 'mean', hidden: 0 };
  return encoderStudent(spec, { vocabularySize: 5, classes: 2, seed });
};
const valuesOf = (model: Model, name: string) => findInitializer(model, name).data;

describe('grow', () => {
  const shallower = student(2, 7).model;
  const deeper = student(5, 1);

  it.each([
    ['stack', [0, 1, 0, 1, 0]],
    ['last', [0, 1, 1, 1, 1]],
    ['fresh', [0, 1, undefined, undefined, undefined]],
  ] as const)('%s: layers start as %o, all else is taken over', (newLayers, sources) => {
    const grown = grow(deeper, shallower, { layers: 2, newLayers });
    for (const name of deeper.trainable) {
      const [, layer, rest] = /^layers\.(\d)\.(.*)$/.exec(name) ?? [];
      const source = layer === undefined ? undefined : sources[Number(layer)];
      if (layer === undefined) expect(valuesOf(grown, name), name).toEqual(valuesOf(shallower, name));
      else if (source === undefined) expect(valuesOf(grown, name), name).toEqual(valuesOf(deeper.model, name));
      else expect(valuesOf(grown, name), name).toEqual(valuesOf(shallower, `layers.${source}.${rest}`));
    }
    // Both are as they were.
    expect(valuesOf(deeper.model, 'output.weight')).toEqual(valuesOf(student(5, 1).model, 'output.weight'));
  });
});
