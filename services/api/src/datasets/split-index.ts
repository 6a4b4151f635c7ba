import { hash } from 'node:crypto';
import { SPLITS, type Split } from '@retort/contracts';

/** Sub-tables, by the first bits of a hash: each grows by itself, so that growing never takes more than a millisecond. */
const SHARDS = 256;
const FIRST_CAPACITY = 64;

/** Open addressing over 64-bit hashes, kept as two halves; a split set of 0 marks a free slot. */
interface Shard {
  high: Uint32Array;
  low: Uint32Array;
  splits: Uint8Array;
  size: number;
}

/**
 * Remembers in which splits each text was seen, by the first 64 bits of its sha256: 9 bytes a slot, at most half of the
 * slots in use, whatever the length of the texts (about 75 MB at the limit of 4,194,304 distinct texts). Two different
 * texts among n share a hash with probability n²/2⁶⁵, below 10⁻⁶ at the limit.
 */
export class SplitIndex {
  readonly #limit: number;
  readonly #shards: Shard[] = Array.from({ length: SHARDS }, () => emptyShard(FIRST_CAPACITY));
  #size = 0;

  /** @param limit distinct texts to remember; later new ones are let through unseen */
  constructor(limit = 4_194_304) {
    this.#limit = limit;
  }

  /** Distinct texts remembered. */
  get size(): number {
    return this.#size;
  }

  /** Notes that `text` stands in `split` and returns the splits it was seen in before, this time not counted. */
  add(text: string, split: Split): Split[] {
    const digest = hash('sha256', text, 'buffer');
    const high = digest.readUInt32BE(0);
    const low = digest.readUInt32BE(4);
    const at = high >>> 24;
    let shard = this.#shards[at];
    if (2 * (shard.size + 1) > shard.splits.length) shard = this.#shards[at] = grow(shard);
    const slot = findSlot(shard, high, low);
    const before = shard.splits[slot];
    if (before === 0) {
      if (this.#size >= this.#limit) return [];
      shard.high[slot] = high;
      shard.low[slot] = low;
      shard.size++;
      this.#size++;
    }
    shard.splits[slot] = before | (1 << SPLITS.indexOf(split));
    return SPLITS.filter((_, i) => (before & (1 << i)) !== 0);
  }
}

function emptyShard(capacity: number): Shard {
  return { high: new Uint32Array(capacity), low: new Uint32Array(capacity), splits: new Uint8Array(capacity), size: 0 };
}

/** The slot of the hash, or the free one where it belongs. Capacities are powers of two. */
function findSlot({ high, low, splits }: Shard, h: number, l: number): number {
  const mask = splits.length - 1;
  let slot = l & mask;
  while (splits[slot] !== 0 && (high[slot] !== h || low[slot] !== l)) slot = (slot + 1) & mask;
  return slot;
}

function grow(shard: Shard): Shard {
  const larger = emptyShard(2 * shard.splits.length);
  for (let i = 0; i < shard.splits.length; i++) {
    if (shard.splits[i] === 0) continue;
    const slot = findSlot(larger, shard.high[i], shard.low[i]);
    larger.high[slot] = shard.high[i];
    larger.low[slot] = shard.low[i];
    larger.splits[slot] = shard.splits[i];
  }
  larger.size = shard.size;
  return larger;
}
