import { type DistillationSpec, LossSpec, type Row } from '@retort/contracts';
import { ignoresTeacher } from '@retort/learn';
import { readGraphFacts, tokenizerType } from '@retort/teachers';
import { Value } from 'typebox/value';
import { type DatasetShape, inScope, type RowCounts, shapeOf } from '../dataset/dataset-shape.js';
import { isSection, type Section } from '../sections/is-section.js';
import { withAutoSection } from '../sweep/auto-section.js';
import { isAuto, recommendedCandidates } from './recommended-candidates.js';
import { recommendedShape, recommendedStudent, type Source } from './recommended-student.js';
import { recommendedTraining } from './recommended-training.js';
import { resolveSpec, storedSpec } from './resolve-spec.js';

/** What a recommendation depends on. */
export interface Recommended extends Source {
  shape: DatasetShape;
}

/** New texts for each training text. More of them gained nothing on the validation rows of clinc150. */
const MULTIPLY = 2;

/**
 * The generated texts do not follow the seed of the training, so that the teacher is asked about them once and not for every seed that
 * is tried.
 */
const TRANSFER_SEED = 1;

/**
 * What a user asked for, with what is recommended where he said nothing, resolved and checked: a transfer set, a static student of the
 * teacher's tokens where they can be read, and int8 in the end. `resolveSpec` alone fills in what does nothing more than plain distillation.
 *
 * A recommendation never undoes what was said: a section that is there stays as it is (`transferSet: {"multiply": 0}` is none, as is
 * `compression: {"steps": []}`), n-grams that are named without `tokens` are those of characters, and learning from labels alone
 * (`loss.lambda` 1, also by its schedule) has no transfer set.
 *
 * @throws RetortError `RT_INVALID_SPEC` as `resolveSpec` does
 */
export function recommendedSpec(input: unknown, { shape, ...teacher }: Recommended): DistillationSpec {
  if (!isSection(input ?? {})) return resolveSpec(input);
  const given = withAutoSection((input ?? {}) as Record<string, unknown>);
  const { loss, transferSet } = given;
  const asked = {
    ...given,
    ...(given.auto === undefined && recommendedStudent(given, teacher)),
    ...(isSection(given.progressive) && { progressive: withAssistants(given.progressive, teacher) }),
    ...(transferSet === undefined && !isOfLabelsAlone(loss)
      ? { transferSet: { multiply: MULTIPLY, seed: TRANSFER_SEED } }
      : {}),
  };
  const resolved = resolveSpec(asked);
  // Whether the teacher knows the label of rows out of scope does not matter: without them there are fewer, which is enough to know.
  const counts = inScope(shape, resolved.outOfScope);
  const compressed = given.compression === undefined && hasValidation(counts) ? { compression: {} } : {};
  const spec = { ...asked, ...compressed, loss: withDefaults(loss, RECOMMENDED_LOSS) };
  // The students to choose from are of both families, each with its own training.
  if (isAuto(spec)) return resolveSpec({ ...spec, auto: recommendedCandidates(spec, teacher, counts) });
  return resolveSpec({ ...spec, training: withDefaults(given.training, recommendedTraining(resolved, counts.rows)) });
}

/** {@link recommendedSpec} for the folder of a teacher and the rows themselves. */
export async function recommendSpec(
  input: unknown,
  { teacherDir, rows }: { teacherDir: string; rows: readonly Row[] },
): Promise<DistillationSpec> {
  return recommendedSpec(input, { ...(await readSource(input, teacherDir)), shape: shapeOf(rows) });
}

/** What a recommendation needs to know of the teacher in a folder. Its graph is read only where an encoder may start from it. */
export async function readSource(input: unknown, teacherDir: string): Promise<Source> {
  const { student, auto } = withAutoSection(isSection(input) ? input : {});
  const readsGraph = auto !== undefined || (isSection(student) && student.family === 'encoder');
  return readsGraph ? readGraphFacts(teacherDir) : { tokenizer: await tokenizerType(teacherDir) };
}

/** Whether a loss as a user wrote it learns from labels alone. What is wrong with it is said where the whole spec is checked. */
function isOfLabelsAlone(given: unknown): boolean {
  const { loss } = storedSpec({ loss: given });
  return Value.Check(LossSpec, loss) && ignoresTeacher(loss);
}

/** Labelled training rows of which a tenth, chosen by hash, is hardly ever none. */
const ENOUGH_TO_SPLIT = 200;

/** Whether int8 can be checked: its steps need validation rows. */
export function hasValidation({ rows, labelled }: RowCounts): boolean {
  return rows.valid > 0 || labelled.train >= ENOUGH_TO_SPLIT;
}

/** Of 1, 2 and 4 the best on the validation rows of four data sets together; none is the best on each: docs/results.md. */
export const RECOMMENDED_LOSS = { temperature: 2 };

/** Each assistant is recommended what a student is. */
function withAssistants(progressive: Section, source: Source): Section {
  const { assistants } = progressive;
  if (!Array.isArray(assistants)) return progressive;
  const recommended = assistants.map((one) => (isSection(one) ? { ...one, ...recommendedShape(one, source) } : one));
  return { ...progressive, assistants: recommended };
}

/** A section with defaults for the fields that it leaves out. What is no section is left to the schema's check. */
export function withDefaults(section: unknown, defaults: object): unknown {
  if (section === undefined) return defaults;
  return isSection(section) ? { ...defaults, ...section } : section;
}
