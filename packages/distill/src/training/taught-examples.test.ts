import { adjustSoftLabels, confidences } from '@retort/learn';
import { floats } from '@retort/onnx';
import { describe, expect, it } from 'vitest';
import { resolveSpec } from '../spec/resolve-spec.js';
import { taughtExamples } from './taught-examples.js';

const answered = (logits: number[], labels: number[]) => ({
  count: labels.length,
  inputs: () => ({ x: floats([1], [0]) }),
  labels: Int32Array.from(labels),
  teacherLogits: Float32Array.from(logits),
});
const training = answered([3, 1, 0, 0, 5, 1, 2, 0, 1], [0, 2, -1]);
const validation = answered([9, 1, 0, 8, 1, 0], [0, 1]);
const taught = (input: Parameters<typeof resolveSpec>[0]) =>
  taughtExamples(training, validation, { classes: 3, spec: resolveSpec(input) });

describe('taughtExamples', () => {
  it('are the examples themselves where the spec asks for nothing', () => {
    expect(taught({})).toBe(training);
  });

  it('have adjusted soft labels and weights, beside which the answers of the teacher stay as they were', () => {
    const softLabels = { calibrate: true, correct: 0.5, weighting: 'entropy' as const };
    const before = training.teacherLogits.slice();
    const { teacherLogits, weights, labels, curriculum, teacherTemperature } = taught({ softLabels });
    const expected = adjustSoftLabels(
      { logits: before, labels: training.labels },
      { logits: validation.teacherLogits, labels: validation.labels },
      { classes: 3, spec: resolveSpec({ softLabels }).softLabels! },
    );
    expect(expected.temperature).not.toBe(1);
    expect(teacherTemperature).toBe(expected.temperature);
    expect(taught({ softLabels: { sharpen: 2 } })).not.toHaveProperty('teacherTemperature');
    expect({ logits: teacherLogits, weights }).toEqual({ logits: expected.logits, weights: expected.weights });
    expect(labels).toBe(training.labels);
    expect(curriculum).toBeUndefined();
    expect(training.teacherLogits).toEqual(before);
  });

  it('come in the order of how sure the calibrated teacher was', () => {
    const { curriculum, weights } = taught({ curriculum: { by: 'margin', start: 0.5 } });
    const sure = confidences(training.teacherLogits, 3, 'margin');
    expect(curriculum).toEqual({ start: 0.5, until: 0.5, pacing: 'root', difficulty: sure.map((value) => 1 - value) });
    expect(weights).toBeUndefined();
  });

  it('cannot keep as many labels as there are', () => {
    expect(() => taught({ softLabels: { topK: 3 } })).toThrow(
      expect.objectContaining({ code: 'RT_INVALID_SPEC', message: expect.stringContaining('/softLabels/topK') }),
    );
  });
});
