import type { Row, TransferSetSpec } from '@retort/contracts';
import type { RandomSource } from '@retort/text';
import { partition } from '../dataset/split-rows.js';

/** Training texts that new ones are made of. */
export class Sources {
  /** Indexes into the rows. */
  readonly indexes: Int32Array;
  /** Training rows without a label. */
  readonly unlabelled: number;
  /** Those of them that are not learned from, since they repeat another text. */
  readonly repeated: number;
  readonly #rows: readonly Row[];
  /** Class of each row that is a source. */
  readonly #classOf: (row: number) => string | undefined;
  readonly #members = new Map<string, number[]>();

  /**
   * @param foreign the label of out-of-scope rows, where the teacher does not know it: they are no sources
   * @param answers the teacher's label for rows that have none, by their index; a row with neither has no class
   */
  constructor(
    rows: readonly Row[],
    { includeUnlabelled }: Pick<TransferSetSpec, 'includeUnlabelled'>,
    foreign: string | undefined,
    answers: ReadonlyMap<number, string> = new Map(),
  ) {
    this.#rows = rows;
    // As the student will be trained: what is set aside for validation is no source, or it would be learned by its variants.
    const { train } = partition(rows, { foreign });
    const learned = train.reduce((count, row) => count + (rows[row].label === undefined ? 1 : 0), 0);
    this.unlabelled = rows.filter(({ label, split }) => split === 'train' && label === undefined).length;
    this.repeated = this.unlabelled - learned;
    this.indexes = includeUnlabelled ? train : train.filter((row) => rows[row].label !== undefined);
    this.#classOf = (row) => rows[row].label ?? answers.get(row);
    for (const row of this.indexes) {
      const name = this.#classOf(row);
      if (name === undefined) continue;
      const members = this.#members.get(name);
      if (members === undefined) this.#members.set(name, [row]);
      else members.push(row);
    }
  }

  texts(): string[] {
    return Array.from(this.indexes, (row) => this.#rows[row].text);
  }

  /** Draws the text of another source of the same class. */
  partner(row: number, random: RandomSource): string | undefined {
    const name = this.#classOf(row);
    const members = name === undefined ? [] : (this.#members.get(name) as number[]);
    if (members.length < 2) return undefined;
    const drawn = random.below(members.length);
    const other = members[drawn] === row ? (drawn + 1) % members.length : drawn;
    return this.#rows[members[other]].text;
  }
}
