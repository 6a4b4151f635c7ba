import {
  AUGMENTATION_NAMES,
  type DistillationSpec,
  EMBEDDING_AUGMENTATIONS,
  type FieldProblem,
  type TeacherManifest,
  type TransferSetSpec,
} from '@retort/contracts';
import { ignoresTeacher } from '@retort/learn';
import { WORD_TOKENIZERS } from '@retort/teachers';
import { type DatasetShape, inScope } from '../dataset/dataset-shape.js';
import { mostGenerated, rowsOf } from './estimate.js';
import { needsEmbeddings } from './generate.js';

/** Most bytes of soft labels that a training holds at once: one array of them, which cannot be larger than 2 GiB everywhere. */
const MOST_LOGIT_BYTES = 2 ** 31 - 1;

/** A list of strategies, which the spec may have, as shares; anything else is left to the schema's check. */
export function withShares(section: unknown): unknown {
  if (typeof section !== 'object' || section === null) return section;
  const { strategies } = section as Record<string, unknown>;
  if (!Array.isArray(strategies) || !strategies.every((name) => typeof name === 'string')) return section;
  return { ...section, strategies: Object.fromEntries(strategies.map((name) => [name, 1])) };
}

/** What to say of an unknown field where that should have been a strategy. */
export function strategyMessage(path: string): string | undefined {
  return path.startsWith('/transferSet/strategies/')
    ? `is no strategy; there are ${AUGMENTATION_NAMES.join(', ')}`
    : undefined;
}

/** What is wrong with a transfer set by itself, its paths into the spec. */
export function transferSetProblems({ transferSet, loss }: DistillationSpec): FieldProblem[] {
  if (transferSet === undefined) return [];
  const problems: FieldProblem[] = [];
  if (!AUGMENTATION_NAMES.some((name) => (transferSet.strategies[name] ?? 0) > 0)) {
    const names = AUGMENTATION_NAMES.join(', ');
    problems.push({ path: '/transferSet/strategies', message: `must give one of ${names} a share above 0` });
  }
  if (ignoresTeacher(loss) && transferSet.multiply > 0 && !transferSet.keepLabels) {
    problems.push({
      path: '/transferSet/keepLabels',
      message:
        'is false and loss.lambda is 1 all along: nothing would be learned from the generated texts; lower lambda, or set keepLabels',
    });
  }
  return problems;
}

/** What a transfer set must fit. */
interface TransferSetting extends Pick<TeacherManifest, 'wordVectors'> {
  shape: DatasetShape;
  /** How many. */
  labels: number;
  /** `type` of the teacher's tokenizer, as its manifest has it. */
  tokenizer: string;
}

/** What is wrong with a transfer set for these data and this teacher, its paths into the submission. */
export function transferSetMisfits(
  spec: TransferSetSpec | undefined,
  { shape, labels, tokenizer, wordVectors }: TransferSetting,
): FieldProblem[] {
  if (spec === undefined) return [];
  const problems: FieldProblem[] = [];
  const readsWords = WORD_TOKENIZERS.includes(tokenizer);
  if (needsEmbeddings(spec) && (!readsWords || wordVectors === false)) {
    const strategies = EMBEDDING_AUGMENTATIONS.join(' and ');
    problems.push({
      path: '/spec/transferSet/strategies',
      message: readsWords
        ? `${strategies} need a teacher whose graph looks token ids up in a float32 table; that of this one does not: leave them out`
        : `${strategies} need a teacher with a ${WORD_TOKENIZERS.join(' or ')} tokenizer; this one has ${tokenizer}: leave them out`,
    });
  }
  const most = Math.floor(MOST_LOGIT_BYTES / 4 / Math.max(1, labels)) - rowsOf(shape);
  const asked = mostGenerated(inScope(shape, undefined), spec);
  if (asked > most) {
    problems.push({
      path: '/spec/transferSet/maxTexts',
      message: `${asked} generated texts of ${labels} soft labels do not fit beside the ${rowsOf(shape)} rows: at most ${Math.max(0, most)} do; lower it, or multiply`,
    });
  }
  return problems;
}
