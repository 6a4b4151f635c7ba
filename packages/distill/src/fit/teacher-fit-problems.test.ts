import { describe, expect, it } from 'vitest';
import { resolveSpec } from '../spec/resolve-spec.js';
import { teacherFitProblems } from './teacher-fit-problems.js';

const MINILM = { layers: 6, width: 384, heads: 12 };
const WORDS = { type: 'WordPiece' };

describe('a student that takes over from its teacher', () => {
  const problemsOf = (spec: object, bert: typeof MINILM | null = MINILM, tokenizer = WORDS) =>
    teacherFitProblems(resolveSpec(spec), { tokenizer, bert }).map(({ path, message }) => `${path} ${message}`);
  const encoder = (more: object) => ({ family: 'encoder', width: 160, initFrom: { layers: [0, 5] }, ...more });

  it('is all right where the teacher is such a BERT, or is not known to be none', () => {
    expect(problemsOf({ student: encoder({}) })).toEqual([]);
    expect(teacherFitProblems(resolveSpec({ student: encoder({}) }), { tokenizer: WORDS, bert: undefined })).toEqual(
      [],
    );
    expect(problemsOf({ student: { family: 'encoder' } }, null)).toEqual([]);
  });

  it('is refused with the field that does not fit, assistants too', () => {
    const student = encoder({ width: 64 });
    const assistants = [{ student: encoder({ width: 512, initFrom: { layers: [0, 1] } }) }];
    expect(problemsOf({ student, progressive: { assistants } })).toEqual([
      "/spec/progressive/assistants/0/student/width (512) must not be above the teacher's, 384",
    ]);
    expect(problemsOf({ student }, null)[0]).toContain('/spec/student/initFrom needs a BERT-shaped teacher');
    expect(problemsOf({ student }, MINILM, { type: 'BPE' })[0]).toContain('its tokenizer is BPE');
  });

  it('is refused where the teacher has no words that it could read, alone and as an assistant', () => {
    const [bytes, words] = [{ type: 'BPE' }, { type: 'Unigram' }];
    const reader = { tokens: 'teacher' };
    const pathsOf = (spec: object) => problemsOf(spec, null, bytes).map((problem) => problem.split(' ')[0]);
    expect(pathsOf({ student: reader })).toEqual(['/spec/student/tokens']);
    expect(pathsOf({ progressive: { assistants: [{ student: reader }] } })).toEqual([
      '/spec/progressive/assistants/0/student/tokens',
    ]);
    expect(problemsOf({ student: reader }, null, words)).toEqual([]);
    const further = { family: 'encoder', unseenTokens: 5 };
    expect(pathsOf({ student: further })).toEqual(['/spec/student/unseenTokens']);
    expect(problemsOf({ student: further }, null, words)).toEqual([]);
  });

  it('is refused to lose tokens where the tokenizer of its teacher cannot be trimmed', () => {
    const spec = {
      student: { family: 'encoder' },
      compression: { steps: [{ kind: 'prune-heads' }, { kind: 'prune-vocabulary' }] },
    };
    expect(problemsOf(spec, null, { type: 'BPE' })).toEqual([
      '/spec/compression/steps/1/kind is "prune-vocabulary", but the teacher\'s tokenizer is BPE, neither WordPiece nor Unigram: leave the step out, or take another teacher',
    ]);
    expect(problemsOf(spec, null)).toEqual([]);
  });

  it('is refused features of layers that the teacher has not, and heads that do not divide its width', () => {
    const student = { family: 'encoder', width: 160 };
    const features = [
      { kind: 'hidden', teacherLayer: 5 },
      { kind: 'attention', teacherLayer: 6 },
      { kind: 'value-relation', relationHeads: 5 },
    ];
    expect(problemsOf({ student, features })).toEqual([
      "/spec/features/1/teacherLayer must be below the teacher's layers (6), got 6",
      "/spec/features/2/relationHeads must divide the teacher's width (384), got 5",
    ]);
    expect(problemsOf({ student, features }, null)).toEqual([]);
  });
});
