import { type DistillationSpec, EncoderStudent, type Row, type TeacherManifest } from '@retort/contracts';
import { readGraphFacts, tokenizerType, WORD_TOKENIZERS } from '@retort/teachers';
import { Value } from 'typebox/value';
import { type DatasetShape, inScope, type RowCounts, shapeOf } from './check-rows.js';
import { ENCODER_CLASSIFIER } from './encoder-classifier.js';
import { resolveSpec } from './resolve-spec.js';
import { withAutoSection } from './sweep/auto-section.js';

/** What a recommendation depends on. */
export interface Recommended extends Pick<TeacherManifest, 'bert'> {
  /** `type` of the teacher's tokenizer, as its manifest has it; of several teachers the first's. */
  tokenizer: string;
  shape: DatasetShape;
}

/** New texts for each training text. More of them gained nothing on the validation rows of clinc150. */
const MULTIPLY = 2;

/**
 * The generated texts do not follow the seed of the training, so that the teacher is asked about them once and not for every seed that
 * is tried.
 */
const TRANSFER_SEED = 1;

/** `steps`: that a student is trained for at least. The learning rate of transformers is that of their family's defaults. */
const TRAINING = {
  static: { steps: 1500, batchSize: 128, learningRate: 0.005 },
  encoder: { steps: 3000, batchSize: 64 },
} as const;
const EPOCHS = { least: 6, most: 100 };

/**
 * What a user asked for, with what is recommended where he said nothing, resolved and checked: a transfer set, a static student of the
 * teacher's tokens where they can be read, and int8 in the end. `resolveSpec` alone fills in what does nothing more than plain distillation.
 *
 * A recommendation never undoes what was said: a section that is there stays as it is (`transferSet: {"multiply": 0}` is none, as is
 * `compression: {"steps": []}`), n-grams that are named without `tokens` are those of characters, and learning from labels alone
 * (`loss.lambda` 1) has no transfer set.
 *
 * @throws RetortError `RT_INVALID_SPEC` as `resolveSpec` does
 */
export function recommendedSpec(input: unknown, { shape, ...teacher }: Recommended): DistillationSpec {
  if (!isObject(input ?? {})) return resolveSpec(input);
  const given = withAutoSection((input ?? {}) as Record<string, unknown>);
  const { loss, transferSet } = given;
  const labelsAlone = isObject(loss) && loss.lambda === 1;
  const asked = {
    ...given,
    ...(given.auto === undefined ? recommendedStudent(given, teacher) : recommendedCandidates(given.auto, teacher)),
    ...(transferSet === undefined && !labelsAlone ? { transferSet: { multiply: MULTIPLY, seed: TRANSFER_SEED } } : {}),
  };
  const resolved = resolveSpec(asked);
  // Whether the teacher knows the label of rows out of scope does not matter: without them there are fewer, which is enough to know.
  const counts = inScope(shape, resolved.outOfScope);
  const compressed = given.compression === undefined && hasValidation(counts) ? { compression: {} } : {};
  const spec = { ...asked, ...compressed };
  // The students to choose from are of both families, each with its own training.
  if (resolved.auto !== undefined) return resolveSpec(spec);
  return resolveSpec({
    ...spec,
    loss: withDefaults(loss, LOSS),
    training: withTraining(given.training, resolved, counts),
  });
}

/** {@link recommendedSpec} for the folder of a teacher and the rows themselves. */
export async function recommendSpec(
  input: unknown,
  { teacherDir, rows }: { teacherDir: string; rows: readonly Row[] },
): Promise<DistillationSpec> {
  const { student } = isObject(input) ? input : {};
  const readsGraph = isObject(student) && student.family === 'encoder';
  const teacher = readsGraph ? await readGraphFacts(teacherDir) : { tokenizer: await tokenizerType(teacherDir) };
  return recommendedSpec(input, { ...teacher, shape: shapeOf(rows) });
}

/** Labelled training rows of which a tenth, chosen by hash, is hardly ever none. */
const ENOUGH_TO_SPLIT = 200;

/** Whether int8 can be checked: its steps need validation rows. */
function hasValidation({ rows, labelled }: RowCounts): boolean {
  return rows.valid > 0 || labelled.train >= ENOUGH_TO_SPLIT;
}

/** Of 1, 2 and 4 the best on the validation rows of four data sets together; none is the best on each: docs/results.md. */
const LOSS = { temperature: 2 };

/** What says that n-grams of characters are meant. */
const NGRAMS = ['tokens', 'minGram', 'maxGram'];

function recommendedStudent(
  given: Record<string, unknown>,
  { tokenizer, bert }: Omit<Recommended, 'shape'>,
): { student: unknown } {
  const { student = {} } = given;
  if (!isObject(student)) return { student };
  const readsWords = WORD_TOKENIZERS.includes(tokenizer);
  if (student.family === 'encoder') {
    return {
      student: {
        ...ENCODER_CLASSIFIER,
        ...recommendedEncoder({ ...given, student }, readsWords ? bert : null),
        ...student,
      },
    };
  }
  if (!readsWords) return { student };
  if ((student.family ?? 'static') !== 'static' || NGRAMS.some((field) => field in student)) return { student };
  return { student: { ...student, tokens: 'teacher' } };
}

/** Of a student that is to be chosen. */
function recommendedCandidates(auto: unknown, { tokenizer }: Omit<Recommended, 'shape'>): { auto: unknown } {
  return { auto: withDefaults(auto, WORD_TOKENIZERS.includes(tokenizer) ? { tokens: 'teacher' } : {}) };
}

/** Of an encoder student. A little wider with layers of the teacher, whose projection needs the room. */
const ENCODER = { layers: 2, width: 128, startedWidth: 160 };
/** What says of which shape an encoder is meant to be, or where it starts: then it is not started from a teacher unasked. */
const SHAPE = ['layers', 'width', 'heads', 'intermediate', 'initFrom'];
const isOfShape = (path: string) => SHAPE.some((field) => path.startsWith(`/student/${field}`));

/**
 * Two layers, the teacher's first and last where it is a BERT with as many, in whole heads of the teacher's width. Not where a sweep
 * varies the shape, or stages lead to it.
 */
function recommendedEncoder(
  { student, sweep, progressive }: Record<string, unknown> & { student: Record<string, unknown> },
  bert: TeacherManifest['bert'],
): object {
  if ('initFrom' in student) return {};
  const { layers, width, startedWidth } = ENCODER;
  const space = isObject(sweep) && isObject(sweep.space) ? Object.keys(sweep.space) : [];
  const isFree =
    progressive === undefined && !SHAPE.some((field) => field in student) && !space.some((path) => isOfShape(path));
  if (!bert || bert.layers < layers || !isFree) return { layers, width };
  const headWidth = bert.width / bert.heads;
  const heads = Math.min(bert.heads, Math.ceil(startedWidth / headWidth));
  const started = { width: heads * headWidth, heads, initFrom: { layers: [0, bert.layers - 1] } };
  return Value.Check(EncoderStudent.properties.width, started.width) ? started : { layers, width };
}

/** Enough steps also for little data, and no more than are needed for much. */
function withTraining(training: unknown, { student, transferSet }: DistillationSpec, { rows }: RowCounts): unknown {
  const { steps, ...settings } = TRAINING[student.family];
  const perEpoch = Math.max(1, (rows.train * (1 + (transferSet?.multiply ?? 0))) / settings.batchSize);
  const epochs = Math.min(EPOCHS.most, Math.max(EPOCHS.least, Math.ceil(steps / perEpoch)));
  return withDefaults(training, { epochs, ...settings });
}

function withDefaults(section: unknown, defaults: object): unknown {
  if (section === undefined) return defaults;
  return isObject(section) ? { ...defaults, ...section } : section;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
