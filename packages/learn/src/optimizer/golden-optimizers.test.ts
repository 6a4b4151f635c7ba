import { readFileSync } from 'node:fs';
import type { TrainingSpec } from '@retort/contracts';
import { int64s, type Tensor } from '@retort/onnx';
import { describe, expect, it } from 'vitest';
import { bagClassifier } from '../../../../test/support/bag-classifier.ts';
import { train } from '../training/train.js';

/*
 * Ten training steps against PyTorch's own AdamW, SGD and OneCycleLR, in doubles: test/golden/train-steps.py made the file, and has
 * the same texts and labels as stand here.
 */

interface GoldenCase {
  training: Omit<TrainingSpec, 'epochs' | 'batchSize' | 'seed'>;
  labelSmoothing: number;
  losses: number[];
  weights: Record<string, number[]>;
}

const file = new URL('../../../../test/golden/train-steps.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as Record<string, GoldenCase>;

const [ROWS, TOKENS, STEPS] = [6, 4, 10];
const IDS = [1, 2, 2, 3, 4, 5, 6, 7, 1, 1, 1, 1, 3, 7, 8, 8, 6, 2, 5, 8, 0, 4, 4, 0];

const examples = {
  count: ROWS,
  labels: Int32Array.of(0, 1, 2, -1, 1, 2),
  inputs: (rows: Int32Array): Record<string, Tensor> => {
    const ids = [...rows].flatMap((row) => IDS.slice(row * TOKENS, (row + 1) * TOKENS));
    const dims = [rows.length, TOKENS];
    return {
      input_ids: int64s(dims, ids),
      attention_mask: int64s(
        dims,
        ids.map(() => 1),
      ),
    };
  },
};

describe('ten steps of training are those of PyTorch', () => {
  it.each(Object.entries(cases))('%s', async (_name, { training, labelSmoothing, losses, weights }) => {
    // Every epoch is one step over all rows; in the last case that of two batches, whose gradients are accumulated.
    for (const accumulate of [1, 2]) {
      const trained = await train({
        ...bagClassifier({ vocabulary: 9, width: 5, classes: 3 }),
        ...examples,
        loss: { lambda: 1, temperature: 1, labelSmoothing },
        training: { ...training, epochs: STEPS, batchSize: accumulate === 1 ? ROWS : 4, accumulate, seed: 7 },
      });
      for (const [i, { loss }] of trained.history.entries()) expect(loss, `step ${i + 1}`).toBeCloseTo(losses[i]!, 5);
      for (const [name, values] of trained.weights) {
        const expected = weights[name]!;
        for (const [i, value] of values.entries()) expect(value, `${name}[${i}]`).toBeCloseTo(expected[i]!, 4);
      }
    }
  });

  it('and there are such of each kind', () => {
    const kinds = Object.values(cases).map(({ training: { optimizer, schedule } }) => `${optimizer} ${schedule}`);
    expect(new Set(kinds)).toEqual(
      new Set(['adamw one-cycle', 'adamw cosine', 'adamw constant', 'sgd cosine', 'sgd one-cycle', 'sgd linear']),
    );
  });
});
