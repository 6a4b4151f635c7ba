import type { DistillationSpec, EncoderStudent, FieldProblem, StudentSpec, TeacherManifest } from '@retort/contracts';
import { encoderMisfits } from '@retort/learn';
import { readGraphFacts, tokenizerType, WORD_TOKENIZERS } from '@retort/teachers';
import { openTokenizer } from '@retort/text';
import { type FeatureTokens, featureLayerProblems, featureTeacherProblems } from '../features/feature-problems.js';
import { plannedProblems } from '../search/planned-problems.js';

/** What tells whether a spec asks a teacher for what it has. */
type Source = Pick<TeacherManifest, 'bert'> & { tokenizer: FeatureTokens };

const READABLE = WORD_TOKENIZERS.join(' nor ');

/**
 * Why a spec's students, assistants included, cannot have the tokens or the layers of the teacher of a submission that they ask for, be compared
 * with features that it has not, or lose tokens of a tokenizer that cannot be trimmed, as far as its manifest tells.
 *
 * @returns one problem per finding, its path into the submission (`/spec/student/…`)
 */
export function teacherFitProblems(spec: DistillationSpec, source: Source): FieldProblem[] {
  const assistants = spec.progressive?.assistants ?? [];
  return [
    ...featureTeacherProblems(spec, source.tokenizer),
    ...studentFitProblems(spec.student, source),
    ...assistants.flatMap(({ student }, i) => studentFitProblems(student, source, `/spec/progressive/assistants/${i}`)),
    ...featureLayerProblems(spec, source.bert),
    ...vocabularyProblems(spec, source),
  ];
}

/** An encoder student reads characters where its teacher's tokenizer cannot be trimmed. */
function vocabularyProblems({ compression }: DistillationSpec, { tokenizer: { type } }: Source): FieldProblem[] {
  if (WORD_TOKENIZERS.includes(type)) return [];
  const message = `is "prune-vocabulary", but the teacher's tokenizer is ${type}, neither ${READABLE}: leave the step out, or take another teacher`;
  return (compression?.steps ?? []).flatMap(({ kind }, i) =>
    kind === 'prune-vocabulary' ? [{ path: `/spec/compression/steps/${i}/kind`, message }] : [],
  );
}

/** {@link teacherFitProblems} with the teacher's folder, the candidates of a search included. */
export async function readTeacherFitProblems(spec: DistillationSpec, teacherDir: string): Promise<FieldProblem[]> {
  const others = [...(spec.progressive?.assistants ?? []), ...(spec.auto?.candidates ?? [])];
  const students = [spec.student, ...others.map(({ student }) => student)];
  const compared = (spec.features ?? []).some(({ kind }) => kind !== 'embedding');
  const source = await readSource(students, teacherDir, compared || spec.sweep !== undefined);
  const maxLength = compared ? (await openTokenizer(teacherDir)).maxLength : undefined;
  const whole = { ...source, tokenizer: { ...source.tokenizer, maxLength } };
  return plannedProblems(spec, (one) => teacherFitProblems(one, whole));
}

/** {@link studentFitProblems} with the teacher's folder, its paths into the spec. */
export async function readStudentFitProblems(student: StudentSpec, teacherDir: string): Promise<FieldProblem[]> {
  return studentFitProblems(student, await readSource([student], teacherDir, false), '');
}

/**
 * @param layered whether the teacher's layers may matter to an encoder that does not start from them, in a sweep or as features: only
 * where they may is the teacher's graph read
 */
async function readSource(students: readonly StudentSpec[], teacherDir: string, layered: boolean): Promise<Source> {
  const reads = students.some((student) => student.family === 'encoder' && (layered || student.initFrom !== undefined));
  if (!reads) return { tokenizer: { type: await tokenizerType(teacherDir) } };
  const { tokenizer: type, bert } = await readGraphFacts(teacherDir);
  return { tokenizer: { type }, bert };
}

/** Of one student, whose section is `student` of what `path` points to. */
export function studentFitProblems(student: StudentSpec, source: Source, path = '/spec'): FieldProblem[] {
  const { type } = source.tokenizer;
  if (student.unseenTokens > 0 && !WORD_TOKENIZERS.includes(type)) {
    const message = `must be 0: they are tokens of the teacher, whose tokenizer is ${type}, neither ${READABLE}`;
    return [{ path: `${path}/student/unseenTokens`, message }];
  }
  if (student.family === 'encoder') return layerProblems(student, path, source);
  if (student.tokens !== 'teacher' || WORD_TOKENIZERS.includes(type)) return [];
  const message = `is "teacher", but the teacher's tokenizer is ${type}, neither ${READABLE}: use "characters", or take another teacher`;
  return [{ path: `${path}/student/tokens`, message }];
}

function layerProblems(student: EncoderStudent, path: string, { tokenizer, bert }: Source): FieldProblem[] {
  if (student.initFrom === undefined) return [];
  const never = (message: string) => [{ path: `${path}/student/initFrom`, message: `${message}: leave it out` }];
  if (!WORD_TOKENIZERS.includes(tokenizer.type)) {
    return never(`needs a teacher whose tokens the student reads too, but its tokenizer is ${tokenizer.type}`);
  }
  if (bert === null) return never('needs a BERT-shaped teacher, and the graph of this one is of another shape');
  if (bert === undefined) return [];
  return encoderMisfits(student, bert).map((problem) => ({ ...problem, path: `${path}${problem.path}` }));
}
