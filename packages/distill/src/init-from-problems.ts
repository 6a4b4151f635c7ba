import type { DistillationSpec, FieldProblem, StudentSpec, TeacherManifest } from '@retort/contracts';
import { encoderMisfits } from '@retort/learn';
import { readGraphFacts, WORD_TOKENIZERS } from '@retort/teachers';
import { planSearch } from './sweep/search-plan.js';

/** What tells whether a student can start from a teacher. */
type Start = Pick<TeacherManifest, 'bert'> & { tokenizer: Pick<TeacherManifest['tokenizer'], 'type'> };

/**
 * Why a spec's students, assistants and points of a sweep included, cannot start from the teacher of a submission, as far as its manifest
 * tells.
 *
 * @returns one problem per finding, its path into the submission (`/spec/student/…`)
 */
export function initFromProblems(spec: DistillationSpec, { tokenizer, bert }: Start): FieldProblem[] {
  const { student, progressive } = spec;
  const assistants = progressive?.assistants ?? [];
  return [
    ...problemsOf(student, '/spec', { tokenizer, bert }),
    ...candidateProblems(spec, { tokenizer, bert }),
    ...assistants.flatMap((assistant, i) =>
      problemsOf(assistant.student, `/spec/progressive/assistants/${i}`, { tokenizer, bert }),
    ),
  ];
}

/** {@link initFromProblems} with the teacher's folder, which is read only where a student starts from it. */
export async function readInitFromProblems(spec: DistillationSpec, teacherDir: string): Promise<FieldProblem[]> {
  const students = [spec.student, ...(spec.progressive?.assistants ?? []).map(({ student }) => student)];
  // Also without `initFrom`: a sweep may vary it.
  if (!students.some(({ family }) => family === 'encoder')) return [];
  const { tokenizer: type, bert } = await readGraphFacts(teacherDir);
  return initFromProblems(spec, { tokenizer: { type }, bert });
}

/** Of the points of a sweep the first that cannot: its trial would end the search. */
function candidateProblems(spec: DistillationSpec, start: Start): FieldProblem[] {
  if (spec.sweep === undefined || spec.student.family !== 'encoder') return [];
  for (const { spec: candidate, varied } of planSearch(spec)?.candidates ?? []) {
    const [problem] = problemsOf(candidate.student, '', start);
    if (problem === undefined) continue;
    const point = JSON.stringify(varied);
    return [{ path: '/spec/sweep/space', message: `has the point ${point}, whose ${problem.path} ${problem.message}` }];
  }
  return [];
}

function problemsOf(student: StudentSpec, path: string, { tokenizer, bert }: Start): FieldProblem[] {
  if (student.family !== 'encoder' || student.initFrom === undefined) return [];
  const never = (message: string) => [{ path: `${path}/student/initFrom`, message: `${message}: leave it out` }];
  if (!WORD_TOKENIZERS.includes(tokenizer.type)) {
    return never(`needs a teacher whose tokens the student reads too, but its tokenizer is ${tokenizer.type}`);
  }
  if (bert === null) return never('needs a BERT-shaped teacher, and the graph of this one is of another shape');
  if (bert === undefined) return [];
  return encoderMisfits(student, bert).map((problem) => ({ ...problem, path: `${path}${problem.path}` }));
}
