import { setImmediate } from 'node:timers/promises';
import {
  AUGMENTATION_NAMES,
  EMBEDDING_AUGMENTATIONS,
  RetortError,
  type Row,
  type TransferSetCounts,
  type TransferSetSpec,
} from '@retort/contracts';
import { Random } from '@retort/learn';
import { openWordVectors } from '@retort/teachers';
import { augmentations, normalizeText, textProblem, WordNeighbours, WordStatistics } from '@retort/text';
import { throwIfCancelled } from '../dataset/soft-labels.js';
import { Sources } from './sources.js';

export interface GenerateOptions {
  /** The whole data set: the new texts come from its training split and are kept apart from every other. */
  rows: readonly Row[];
  spec: TransferSetSpec;
  /** The teacher's folder, for the strategies that look words up in its embedding table; without them it is not read. */
  teacherDir?: string;
  /** A whole number, 0 to 2^32 - 1. */
  seed: number;
  /** The label of out-of-scope rows, where the teacher does not know it: of these no texts are made. */
  foreign?: string;
  /** The teacher's label for training rows that have none, by their index: the class in which their spans are mixed. */
  answers?: ReadonlyMap<number, string>;
  signal?: AbortSignal;
}

export interface TransferSet {
  /** In the split `train`, each with the label of its source where that has one: what the teacher answers is not known yet. */
  rows: Row[];
  /** How many rows there were after each round; fewer rounds than `multiply` where `maxTexts` was reached. */
  rounds: number[];
  counts: TransferSetCounts;
}

/** Draws of one text before it is given up. */
const ATTEMPTS = 4;

/** Texts made between two turns of the event loop. */
const TURN = 256;

/** Keeps the draws apart from those of the training, which may have the same seed. */
const SALT = 0x7472616e;

/**
 * Makes new texts of the training split, `multiply` for each of its texts in as many rounds. A round is in random order, so that
 * `maxTexts` cuts it without preference. A text that equals another one under `normalizeText`, of the data set or of those made before, is
 * drawn again. With a smaller `multiply` come just the texts of the first rounds.
 *
 * The same rows, spec, seed and teacher give the same texts in the same order on every machine.
 *
 * @throws RetortError `RT_INVALID_TEACHER` where a strategy needs an embedding table that the teacher does not have, `RT_CANCELLED`
 */
export async function generateTransferSet(options: GenerateOptions): Promise<TransferSet> {
  const { rows, spec, signal } = options;
  const sources = new Sources(rows, spec, options.foreign, options.answers);
  const random = new Random((options.seed ^ SALT) >>> 0);
  const statistics = new WordStatistics(sources.texts());
  const neighbours = await neighboursFor(options, statistics);
  const pick = strategyPicker(spec);
  const seen = new Set(rows.map(({ text }) => normalizeText(text)));
  const { unlabelled, repeated } = sources;
  const counts = { unlabelled, repeated, sources: sources.indexes.length, generated: 0, duplicates: 0 };
  const made: Row[] = [];
  const rounds: number[] = [];

  /** One new text of a source, which is now seen. */
  function vary(row: number): string | undefined {
    const helpers = {
      random,
      strength: spec.strength,
      statistics,
      neighbours,
      partner: () => sources.partner(row, random),
    };
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const text = augmentations[pick(random)](rows[row].text, helpers)?.trim();
      if (text === undefined || textProblem(text) !== undefined) continue;
      counts.generated++;
      const normalized = normalizeText(text);
      if (normalized !== '' && !seen.has(normalized)) {
        seen.add(normalized);
        return text;
      }
      counts.duplicates++;
    }
    return undefined;
  }

  const most = Math.min(spec.maxTexts, spec.multiply * counts.sources);
  for (let round = 0, drawn = 0; round < spec.multiply && made.length < most; round++) {
    for (const row of random.shuffle(sources.indexes.slice())) {
      if (made.length === most) break;
      if (drawn++ % TURN === 0) {
        await setImmediate();
        throwIfCancelled(signal);
      }
      const text = vary(row);
      if (text !== undefined) made.push({ text, label: rows[row].label, split: 'train' });
    }
    rounds.push(made.length);
  }
  return { rows: made, rounds, counts };
}

async function neighboursFor(
  { spec, teacherDir }: GenerateOptions,
  statistics: WordStatistics,
): Promise<WordNeighbours | undefined> {
  if (!needsEmbeddings(spec)) return undefined;
  if (teacherDir === undefined) {
    const names = EMBEDDING_AUGMENTATIONS.join(' and ');
    throw new RetortError('RT_INVALID_SPEC', `transferSet.strategies: ${names} need the folder of the teacher.`);
  }
  return new WordNeighbours(await openWordVectors(teacherDir), statistics);
}

/** Whether a strategy of the spec looks words up in the teacher's embedding table. */
export function needsEmbeddings({ strategies, multiply }: TransferSetSpec): boolean {
  return multiply > 0 && EMBEDDING_AUGMENTATIONS.some((name) => (strategies[name] ?? 0) > 0);
}

/** Draws strategies in proportion to their shares. */
function strategyPicker({ strategies }: TransferSetSpec) {
  const shares = AUGMENTATION_NAMES.map((name) => strategies[name] ?? 0);
  const total = shares.reduce((sum, share) => sum + share, 0);
  return (random: Random) => {
    let left = random.uniform() * total;
    const at = shares.findIndex((share) => {
      left -= share;
      return share > 0 && left < 0;
    });
    // Rounding may leave a little: the last one then.
    return AUGMENTATION_NAMES[at >= 0 ? at : shares.findLastIndex((share) => share > 0)];
  };
}
