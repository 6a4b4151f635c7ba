import { DIVERGENCES } from '@retort/contracts';
import { describe, expect, it } from 'vitest';
import { resolveSpec } from '../spec/resolve-spec.js';
import { describeCurriculum, describeLoss, describeSoftLabels } from './describe-loss.js';

describe('a spec in words', () => {
  it('has the loss as a formula', () => {
    const of = (loss: object) => describeLoss(resolveSpec({ loss }).loss);
    expect(of({})).toBe('0.1 · CE + 0.9 · T² · KL(teacher‖student), T = 3');
    expect(of({ divergence: 'dkd', labelSmoothing: 0.2 })).toBe(
      '0.1 · CE (labels smoothed by 0.2) + 0.9 · T² · DKD(β = 8), T = 3',
    );
    expect(of({ divergence: 'logit-mse' })).toBe('0.1 · CE + 0.9 · MSE(logits)/2');
    expect(
      of({
        schedule: {
          stages: [
            { until: 0.25, temperature: 8 },
            { until: 1, lambda: 1 },
          ],
        },
      }),
    ).toBe(
      '0.1 · CE + 0.9 · T² · KL(teacher‖student), T = 3; then, in steps: λ 0.1, T 8 until 25%; λ 1, T 3 until 100%',
    );
    const all = DIVERGENCES.map((divergence) => of({ divergence }));
    expect(new Set(all).size).toBe(DIVERGENCES.length);
    expect(all.join()).not.toContain('undefined');
  });

  it('tells soft labels and curriculum where there is something to tell', () => {
    const words = (input: object) => {
      const spec = resolveSpec(input);
      return [describeSoftLabels(spec), describeCurriculum(spec)];
    };
    expect(words({})).toEqual(['', '']);
    const softLabels = { calibrate: true, correct: 0.5, sharpen: 2, topK: 4, weighting: 'margin' };
    expect(words({ softLabels, curriculum: {} })).toEqual([
      'calibrated on validation rows, where wrong, mixed with 0.5 of the label, to the power of 2, the 4 highest kept, rows weighted by margin',
      "the easiest 30% of the rows (by the teacher's margin) first, all after 50% of the epochs (root)",
    ]);
    const calibrated = resolveSpec({ softLabels: { calibrate: true } });
    expect(describeSoftLabels(calibrated, { softLabels: 1.5 })).toBe('calibrated on validation rows (T = 1.500)');
  });
});
