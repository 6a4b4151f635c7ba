import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ERRORS, RetortError, toProblem } from './errors.js';

describe('toProblem', () => {
  it('says what the error says', () => {
    const problems = [{ path: '/training/epochs', message: 'must be at least 1' }];
    expect(toProblem(new RetortError('RT_INVALID_SPEC', 'The spec has a problem.', { problems }), 'r1')).toEqual({
      type: 'urn:retort:error:RT_INVALID_SPEC',
      title: ERRORS.RT_INVALID_SPEC.title,
      status: 400,
      code: 'RT_INVALID_SPEC',
      detail: 'The spec has a problem.',
      hint: ERRORS.RT_INVALID_SPEC.hint,
      problems,
      requestId: 'r1',
    });
  });

  it('keeps what went wrong inside to itself', () => {
    expect(toProblem(new Error('password is hunter2'))).toMatchObject({ code: 'RT_INTERNAL', status: 500 });
    expect(JSON.stringify(toProblem(new Error('password is hunter2')))).not.toContain('hunter2');
  });

  it('is of bounded size and well-formed, whatever it quotes', () => {
    const text = fc.string({ unit: 'binary', maxLength: 1000, size: 'max' });
    // One problem many times: what matters is how long the texts are and how many, and to draw each anew takes seconds.
    const many = fc
      .tuple(text, text, fc.nat(150))
      .map(([path, message, n]) => Array.from({ length: n }, () => ({ path, message })));
    fc.assert(
      fc.property(text, many, (detail, problems) => {
        const body = JSON.stringify(
          toProblem(new RetortError('RT_INVALID_FIELD', detail.toWellFormed(), { problems })),
        );
        expect(body.length).toBeLessThan(2000 * 6 + 100 * (700 * 6) + 1000);
        expect(toProblem(new RetortError('RT_INVALID_FIELD', '😀'.repeat(2000))).detail.isWellFormed()).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
