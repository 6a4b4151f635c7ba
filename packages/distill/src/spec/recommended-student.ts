import { EncoderStudent, type TeacherManifest } from '@retort/contracts';
import { WORD_TOKENIZERS } from '@retort/teachers';
import { Value } from 'typebox/value';
import { ENCODER_CLASSIFIER } from '../sections/encoder-classifier.js';
import { isSection, type Section } from '../sections/is-section.js';

/** What of a teacher a recommended student depends on. */
export interface Source extends Pick<TeacherManifest, 'bert'> {
  /** `type` of the teacher's tokenizer, as its manifest has it; of several teachers the first's. */
  tokenizer: string;
}

/** Whether a student can read the words of such a teacher. */
export const readsWords = ({ tokenizer }: Source): boolean => WORD_TOKENIZERS.includes(tokenizer);

/** What says that n-grams of characters are meant. */
const NGRAMS = ['tokens', 'minGram', 'maxGram'];

/** Each costs a row of the table. All of a BERT's vocabulary gained little more, for three times the rows (docs/results.md). */
const UNSEEN_TOKENS = 6000;

/** The student of a spec, with what is recommended where it says nothing. */
export function recommendedStudent(given: Section, source: Source): { student: unknown } {
  const { student } = recommendedShape(given, source);
  return { student: isSection(student) ? { ...unseenTokensOf({ ...given, student }, source), ...student } : student };
}

/** Words that the training text has not, where the student has a table of its teacher's and nothing prunes it. */
function unseenTokensOf({ student, compression, sweep }: Section & { student: Section }, source: Source): object {
  const steps = isSection(compression) && Array.isArray(compression.steps) ? compression.steps : [];
  const isPruned = steps.some((step) => isSection(step) && step.kind === 'prune-vocabulary');
  const space = isSection(sweep) && isSection(sweep.space) ? sweep.space : {};
  const hasTable = student.family === 'encoder' || (student.tokens === 'teacher' && student.tokenWidth !== 0);
  // Of what such a sweep tries some may have no table.
  const isSwept = '/student/tokens' in space || '/student/tokenWidth' in space;
  return readsWords(source) && hasTable && !isPruned && !isSwept ? { unseenTokens: UNSEEN_TOKENS } : {};
}

/** {@link recommendedStudent} of an assistant, which is never asked about words that the training text has not. */
export function recommendedShape(given: Section, source: Source): { student: unknown } {
  const { student = {} } = given;
  if (!isSection(student)) return { student };
  if (student.family === 'encoder') {
    return { student: { ...ENCODER_CLASSIFIER, ...recommendedEncoder({ ...given, student }, source), ...student } };
  }
  if (!readsWords(source)) return { student };
  if ((student.family ?? 'static') !== 'static' || NGRAMS.some((field) => field in student)) return { student };
  return { student: { ...student, tokens: 'teacher' } };
}

/** Of an encoder student. A little wider with layers of the teacher, whose projection needs the room. */
const ENCODER = { layers: 2, width: 128 };
const STARTED_ENCODER = { layers: 2, width: 160 };
/** What says of which shape an encoder is meant to be, or where it starts: then it is not started from a teacher unasked. */
const SHAPE = ['layers', 'width', 'heads', 'intermediate', 'initFrom'];
const isOfShape = (path: string) => SHAPE.some((field) => path.startsWith(`/student/${field}`));

/** Two layers, the teacher's first and last where it is a BERT with as many. Not where a sweep varies the shape, or the student grows to it. */
function recommendedEncoder({ student, sweep, progressive }: Section & { student: Section }, source: Source): object {
  if ('initFrom' in student) return {};
  const space = isSection(sweep) && isSection(sweep.space) ? Object.keys(sweep.space) : [];
  const grows = isSection(progressive) && progressive.growth !== undefined;
  const isFree = !grows && !SHAPE.some((field) => field in student) && !space.some((path) => isOfShape(path));
  return (isFree && startedEncoder(STARTED_ENCODER, source)) || ENCODER;
}

/**
 * An encoder of a size that starts from layers of a BERT, spread evenly from its first to its last, and is as wide as the least number of its
 * heads that comes to the width.
 *
 * @returns undefined where the teacher is no BERT whose words can be read, or has too few layers
 */
export function startedEncoder(
  { layers, width }: { layers: number; width: number },
  source: Source,
): object | undefined {
  const { bert } = source;
  if (!readsWords(source) || !bert || bert.layers < layers) return undefined;
  const headWidth = bert.width / bert.heads;
  const heads = Math.min(bert.heads, Math.ceil(width / headWidth));
  const step = layers > 1 ? (bert.layers - 1) / (layers - 1) : 0;
  const chosen = Array.from({ length: layers }, (_, i) => Math.round(i * step));
  const started = { width: heads * headWidth, heads, initFrom: { layers: chosen } };
  return Value.Check(EncoderStudent.properties.width, started.width) ? started : undefined;
}
