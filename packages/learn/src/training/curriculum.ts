import type { CurriculumSpec, TrainingSpec } from '@retort/contracts';
import { RetortError } from '@retort/contracts/values';

/** How many rows take part in which epoch. */
export type CurriculumPacing = Pick<CurriculumSpec, 'start' | 'until' | 'pacing'>;

/** Easy rows first: which rows take part in which epoch. */
export interface CurriculumOptions extends CurriculumPacing {
  /** Of each row, the harder the greater; rows of equal difficulty come in their own order. */
  difficulty: Float32Array;
}

type EpochSettings = Pick<TrainingSpec, 'epochs' | 'batchSize'>;

/** The rows of a training by epoch; a function of the epoch alone, so that a run that is resumed needs no state of it. */
export class Curriculum {
  readonly #settings: EpochSettings;
  readonly #options: CurriculumOptions;
  /** From the easiest. */
  readonly #order: Int32Array;

  /** @param batchSize of which an epoch has one at least, where there are so many rows */
  constructor(options: CurriculumOptions, settings: EpochSettings) {
    const { difficulty } = options;
    this.#options = options;
    this.#settings = settings;
    this.#order = Int32Array.from(difficulty, (_, row) => row).sort((a, b) => difficulty[a] - difficulty[b] || a - b);
  }

  /** How many of the easiest rows take part: see {@link pacedRows}. @param epoch 1-based */
  rowsOf(epoch: number): number {
    return pacedRows(epoch, this.#options, this.#settings, this.#options.difficulty.length);
  }

  /** The rows that take part, by their number. */
  rows(epoch: number): Int32Array {
    return this.#order.slice(0, this.rowsOf(epoch)).sort();
  }
}

/**
 * How many of `count` rows take part in an epoch. With the progress x = (epoch - 1) / (until · epochs), the share c of the rows goes from
 * c₀ = start at x = 0 to 1 at x = 1, where it stays:
 *
 *     linear   c₀ + (1 - c₀)·x
 *     root     √(c₀² + (1 - c₀²)·x)          (Platanios et al. 2019)
 *
 * @param epoch 1-based
 */
export function pacedRows(
  epoch: number,
  { start, until, pacing }: CurriculumPacing,
  { epochs, batchSize }: EpochSettings,
  count: number,
): number {
  const x = Math.min(1, (epoch - 1) / (until * epochs));
  const share = pacing === 'linear' ? start + (1 - start) * x : Math.sqrt(start ** 2 + (1 - start ** 2) * x);
  return x === 1 ? count : Math.max(Math.min(batchSize, count), Math.round(share * count));
}

/** @throws RetortError `RT_INVALID_FIELD` naming the option and its range */
export function checkCurriculum({ difficulty, start, until, pacing }: CurriculumOptions, count: number): void {
  if (difficulty.length !== count) {
    throw invalid(`curriculum.difficulty has ${difficulty.length} entries for ${count} training examples.`);
  }
  if (!difficulty.every(Number.isFinite)) throw invalid('curriculum.difficulty has a value that is no number.');
  if (!(start > 0 && start <= 1)) throw invalid(`curriculum.start must be above 0 and at most 1, not ${start}.`);
  if (!(until > 0 && until <= 1)) throw invalid(`curriculum.until must be above 0 and at most 1, not ${until}.`);
  if (!['linear', 'root'].includes(pacing)) throw invalid(`curriculum.pacing must be linear or root, not ${pacing}.`);
}

function invalid(detail: string): RetortError {
  return new RetortError('RT_INVALID_FIELD', detail);
}
