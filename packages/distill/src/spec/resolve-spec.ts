import { isDeepStrictEqual } from 'node:util';
import {
  DistillationSpec,
  type DistillationSpecInput,
  EncoderStudent,
  type FieldProblem,
  StaticStudent,
  schemaProblems,
} from '@retort/contracts';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { compressionDefaults, compressionProblems } from '../compression/index.js';
import { ensembleProblems } from '../ensemble/ensemble-problems.js';
import { featureProblems } from '../features/feature-problems.js';
import { withProgressiveDefaults } from '../progressive/progressive-defaults.js';
import { assistantProblems, isOfAssistant, progressiveProblems } from '../progressive/progressive-problems.js';
import { encoderDefaults, encoderProblems } from '../sections/encoder-limits.js';
import { invalidSpec } from '../sections/invalid-spec.js';
import { isSection } from '../sections/is-section.js';
import { lossProblems, withParameters } from '../sections/loss-problems.js';
import { mixupProblems } from '../sections/mixup-problems.js';
import { staticDefaults } from '../sections/static-defaults.js';
import { withAutoDefaults } from '../sweep/auto-defaults.js';
import { candidateProblems, isOfCandidate } from '../sweep/candidate-problems.js';
import { searchProblems } from '../sweep/search-problems.js';
import { strategyMessage, transferSetProblems, withShares } from '../transfer-set/problems.js';

/** The whole spec for each family of students, so that problems are told in the words of the family that was asked for. */
const SPECS = { static: specOf(StaticStudent), encoder: specOf(EncoderStudent) };
type Family = keyof typeof SPECS;
const FAMILIES = Object.keys(SPECS) as Family[];

function specOf<Student extends typeof StaticStudent | typeof EncoderStudent>(student: Student) {
  return Type.Object({ ...DistillationSpec.properties, student }, { additionalProperties: false });
}

/**
 * Fills a user's spec with the defaults, which depend on the student's family, and checks it whole.
 *
 * @throws RetortError `RT_INVALID_SPEC` with one {@link FieldProblem} per finding, its path a JSON pointer into the spec.
 */
export function resolveSpec(input: DistillationSpecInput | unknown = {}): DistillationSpec {
  const spec = storedSpec(input);
  const problems = problemsOf(spec);
  if (problems.length > 0) throw invalidSpec(problems);
  return spec;
}

const UNKNOWN_FIELD = 'is not a field of the spec';

/** Everything that is wrong with a spec that has its defaults. */
function problemsOf(spec: unknown): FieldProblem[] {
  const schema = SPECS[familyOf(spec) ?? 'static'];
  const ofOthers = [...assistantProblems(spec, problemsOf), ...candidateProblems(spec, problemsOf)];
  if (Value.Check(schema, spec)) return [...crossFieldProblems(spec), ...ofOthers];
  const own = schemaProblems(schema, spec, UNKNOWN_FIELD).map(({ path, message }) => {
    if (path === '/student/family') return { path, message: `must be one of ${FAMILIES.join(', ')}, auto` };
    return { path, message: (message === UNKNOWN_FIELD ? strategyMessage(path) : undefined) ?? message };
  });
  return [...own.filter((problem) => !isOfAssistant(problem) && !isOfCandidate(problem)), ...ofOthers];
}

/**
 * A spec that was checked and stored, perhaps by an earlier version: what it does not have yet is filled with the defaults, which do
 * what was done before there was a choice. It is not checked again, so that it can be shown whatever the limits are by now.
 */
export function storedSpec(stored: unknown): DistillationSpec {
  const isLegal = (spec: unknown) => problemsOf(spec).length === 0;
  const chosen = withAutoDefaults(Value.Clone(stored), { fill: storedSpec, isLegal });
  const given = withSections(withProgressiveDefaults(chosen, storedSpec));
  return Value.Default(SPECS[familyOf(given) ?? 'static'], given) as DistillationSpec;
}

/** A compression that is a list of no steps is none. */
function isNone(compression: unknown): boolean {
  return compression === undefined || isDeepStrictEqual(compression, { steps: [] });
}

/** Sections that were left out become empty objects, so that their fields get defaults; then come the family's own. */
function withSections(input: unknown): unknown {
  if (!isSection(input)) return input;
  const { compression, ...given } = input;
  const { student = {}, training = {} } = given;
  const sections = {
    ...given,
    student: isSection(student) ? { family: 'static', ...student } : student,
    loss: isSection(given.loss) ? withParameters(given.loss) : (given.loss ?? {}),
    training,
    ...(given.transferSet === undefined ? {} : { transferSet: withShares(given.transferSet) }),
    ...(isNone(compression) ? {} : { compression: compressionDefaults(compression) }),
  };
  if (familyOf(sections) === 'static') {
    const own = sections.student as Record<string, unknown>;
    return { ...sections, student: { ...staticDefaults(own), ...own } };
  }
  if (familyOf(sections) !== 'encoder') return sections;
  const defaults = encoderDefaults(sections.student as Record<string, unknown>);
  return {
    ...sections,
    student: { ...defaults.student, ...(student as object) },
    training: isSection(training) ? { ...defaults.training, ...training } : training,
  };
}

/** The family that the spec names, if there is such a one. */
function familyOf(spec: unknown): Family | undefined {
  const family = isSection(spec) && isSection(spec.student) ? spec.student.family : undefined;
  return FAMILIES.find((known) => known === family);
}

function crossFieldProblems(spec: DistillationSpec): FieldProblem[] {
  return [
    ...studentProblems(spec),
    ...lossProblems(spec),
    ...mixupProblems(spec),
    ...featureProblems(spec),
    ...transferSetProblems(spec),
    ...ensembleProblems(spec.ensemble),
    ...progressiveProblems(spec),
    ...compressionProblems(spec),
    ...searchProblems(spec, resolveSpec),
  ];
}

function studentProblems({ student, training }: DistillationSpec): FieldProblem[] {
  if (student.family === 'encoder') return encoderProblems(student, training.batchSize);
  const { minGram, maxGram, tokens, tokenWidth, unseenTokens } = student;
  const problems: FieldProblem[] = [];
  if (minGram > maxGram) {
    problems.push({ path: '/student/minGram', message: `must be at most maxGram (${maxGram}), got ${minGram}` });
  }
  if (unseenTokens > 0 && (tokens !== 'teacher' || tokenWidth === 0)) {
    const message =
      'needs a table of the teacher\'s tokens: set tokens to "teacher" and tokenWidth above 0, or leave it out';
    problems.push({ path: '/student/unseenTokens', message });
  }
  return problems;
}
