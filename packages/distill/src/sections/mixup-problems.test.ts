import type { RetortError } from '@retort/contracts';
import { describe, expect, it } from 'vitest';
import { resolveMultiTaskSpec } from '../multi-task/resolve-multi-task-spec.js';
import { resolveSpec, storedSpec } from '../spec/resolve-spec.js';

function problemsOf(resolve: () => unknown) {
  try {
    resolve();
  } catch (error) {
    return (error as RetortError).problems;
  }
  return [];
}

describe('mixup in a spec', () => {
  it('is off unless it is named, also in specs that were stored before there was one', () => {
    expect(resolveSpec().training.mixup).toBe(0);
    expect(storedSpec({ training: { epochs: 3 } }).training.mixup).toBe(0);
    expect(resolveSpec({ student: { family: 'encoder' }, training: { mixup: 0.4 } }).training.mixup).toBe(0.4);
  });

  it.each([-0.1, 33, '1'])('is refused outside of its range (%j)', (mixup) => {
    expect(problemsOf(() => resolveSpec({ training: { mixup } })).map(({ path }) => path)).toEqual(['/training/mixup']);
  });

  it('is refused with batches of one row, also of an assistant that inherits it', () => {
    const message = expect.stringContaining('raise training.batchSize to 2 at least');
    expect(problemsOf(() => resolveSpec({ training: { mixup: 1, batchSize: 1 } }))).toEqual([
      { path: '/training/mixup', message },
    ]);
    expect(resolveSpec({ training: { mixup: 1, batchSize: 2 } }).training.mixup).toBe(1);
    expect(resolveSpec({ training: { batchSize: 1 } }).training.mixup).toBe(0);
    const assistants = [{ student: { width: 256 }, training: { batchSize: 1 } }];
    expect(problemsOf(() => resolveSpec({ training: { mixup: 1 }, progressive: { assistants } }))).toEqual([
      { path: '/progressive/assistants/0/training/mixup', message },
    ]);
  });

  it('is refused with several tasks', () => {
    const spec = { training: { mixup: 0.2 } };
    expect(problemsOf(() => resolveMultiTaskSpec(spec, ['intent', 'tone']))).toEqual([
      { path: '/training/mixup', message: expect.stringContaining('does not go with several tasks') },
    ]);
  });
});
