import type { DistillationSpec, FieldProblem, StudentSpec, TeacherManifest } from '@retort/contracts';
import { encoderMisfits } from '@retort/learn';
import { readBertShape, tokenizerType, WORD_TOKENIZERS } from '@retort/teachers';

/** What tells whether a student can start from a teacher. */
type Start = Pick<TeacherManifest, 'bert'> & { tokenizer: Pick<TeacherManifest['tokenizer'], 'type'> };

/**
 * Why a spec's students, assistants included, cannot start from the teacher of a submission, as far as its manifest tells.
 *
 * @returns one problem per finding, its path into the submission (`/spec/student/…`)
 */
export function initFromProblems(
  { student, progressive }: DistillationSpec,
  { tokenizer, bert }: Start,
): FieldProblem[] {
  const assistants = progressive?.assistants ?? [];
  return [
    ...problemsOf(student, '/spec', { tokenizer, bert }),
    ...assistants.flatMap((assistant, i) =>
      problemsOf(assistant.student, `/spec/progressive/assistants/${i}`, { tokenizer, bert }),
    ),
  ];
}

/** {@link initFromProblems} with the teacher's folder, which is read only where a student starts from it. */
export async function readInitFromProblems(spec: DistillationSpec, teacherDir: string): Promise<FieldProblem[]> {
  const students = [spec.student, ...(spec.progressive?.assistants ?? []).map(({ student }) => student)];
  if (!students.some((student) => student.family === 'encoder' && student.initFrom !== undefined)) return [];
  const [type, bert] = await Promise.all([tokenizerType(teacherDir), readBertShape(teacherDir)]);
  return initFromProblems(spec, { tokenizer: { type }, bert });
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
