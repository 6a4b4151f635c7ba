import { magnitudeMasks, pruneMagnitude } from '@retort/learn';
import { describe, expect, it } from 'vitest';
import { bagClassifier } from '../../../../test/support/bag-classifier.ts';
import { tinyTraining } from '../../../../test/support/tiny-training.ts';
import { quantizeStudent } from './quantize-student.js';
import { ValidationGate } from './validation-gate.js';

const CLASSES = 3;
const STEP = { kind: 'quantize', weights: true, tables: true } as const;
const SPEC = { steps: [STEP], fineTuneEpochs: 0, fineTuneRate: 0.1, allowance: { accuracy: 1, agreement: 0.9 } };

const WIDTH = 32;
const student = bagClassifier({ vocabulary: 40, width: WIDTH, classes: CLASSES });
const { count, inputs, labels } = tinyTraining();
const validation = { count, inputs, labels, teacherLogits: new Float32Array(count * CLASSES) };
const gateOf = (of: typeof student, allowance = SPEC.allowance) =>
  ValidationGate.open(of, validation, { allowance, classes: CLASSES, batchSize: 16 });

/** Almost all of its kernel is 0: it answers something else. */
const masks = magnitudeMasks(student.model, ['kernel'], { share: 0.9, scope: 'tensor' });
const broken = pruneMagnitude(student, masks);

describe('ValidationGate', () => {
  it('counts weights that are not 0, bytes, and where logits went', async () => {
    const gate = await gateOf(student);
    const after = await gate.measure(broken, validation);
    const record = gate.judge(STEP, gate.uncompressed, after);
    expect(record.parameters).toBe(gate.uncompressed.parameters - Math.floor(0.9 * WIDTH * CLASSES));
    expect(record).toMatchObject({ bytes: record.bytesBefore, accuracyBefore: gate.uncompressed.accuracy });
    const largest = Math.max(...Array.from(after.logits, (logit, i) => Math.abs(logit - gate.uncompressed.logits[i])));
    expect(record.maxLogitChange).toBe(largest);
  });

  it('measures agreement with the teacher where no row has a label', async () => {
    const teacherLogits = (await gateOf(student)).uncompressed.logits;
    const unlabelled = { ...validation, labels: new Int32Array(count).fill(-1), teacherLogits };
    const gate = await ValidationGate.open(student, unlabelled, {
      ...{ allowance: { accuracy: 0 }, classes: CLASSES, batchSize: 16 },
    });
    expect(gate.uncompressed.accuracy).toBe(1);
    const after = await gate.measure(broken, unlabelled);
    expect(gate.judge(STEP, gate.uncompressed, after)).toMatchObject({ accepted: false, agreement: after.accuracy });
  });

  it('keeps an int8 student only where it is the uncompressed one still', async () => {
    const good = await quantizeStudent(student, SPEC, validation, await gateOf(student));
    expect(good.record).toMatchObject({ accepted: true });
    expect(good.record).not.toHaveProperty('reason');
    expect(good.record?.bytes).toBeLessThan(good.record?.bytesBefore ?? 0);
    expect(good.quantized?.graph.nodes.map(({ op }) => op)).toContain('DynamicQuantizeLinear');
    // Of a tiny one the nodes take more than int8 saves.
    const tiny = bagClassifier({ vocabulary: 40, width: 2, classes: CLASSES });
    const grown = await quantizeStudent(tiny, { ...SPEC, allowance: { accuracy: 1 } }, validation, await gateOf(tiny));
    expect(grown.record).toMatchObject({ accepted: false, reason: expect.stringContaining('the graph grows from') });
    // Compared with another student it has lost what it agreed on.
    const bad = await quantizeStudent(broken, SPEC, validation, await gateOf(student));
    expect(bad.quantized).toBeUndefined();
    expect(bad.record).toMatchObject({ accepted: false, reason: expect.stringContaining('fewer than 90.00%') });
  });
});
