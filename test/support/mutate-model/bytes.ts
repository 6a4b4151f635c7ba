import type { Random } from './random.ts';

/** Damage to the bytes of a file that know nothing, or only protobuf's wire format, of what they are. */
type Damage = (bytes: Uint8Array, random: Random, other: Uint8Array) => Uint8Array;

/** `bytes` with `count` of them from `at` on replaced. */
function splice(bytes: Uint8Array, at: number, count: number, replacement: ArrayLike<number> = []): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, at), ...Array.from(replacement), ...bytes.subarray(at + count)]);
}

/** Variable-length integers that mean nothing good: huge, negative, without an end. */
const VARINTS = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0x80, 0x80, 0x80, 0x80, 0x04],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  Array<number>(12).fill(0xff),
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  [0x00],
];

/** Where the lengths of length-delimited fields stand, those of nested messages too, as far as they look like ones. */
function lengthsIn(bytes: Uint8Array, start = 0, end = bytes.length, depth = 0): number[] {
  const found: number[] = [];
  let at = start;
  const varint = () => {
    let value = 0;
    for (let shift = 0; at < end && shift < 35; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < end) {
    const wire = varint() & 7;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const place = at;
      const length = varint();
      if (!(at + length <= end)) return found;
      found.push(place);
      if (depth < 6) found.push(...lengthsIn(bytes, at, at + length, depth + 1));
      at += length;
    } else return found;
  }
  return found;
}

const DAMAGES: Damage[] = [
  // Truncated.
  (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  // Some bits flipped.
  (bytes, random) => {
    const copy = bytes.slice();
    for (let flips = 1 + random.below(8); flips > 0; flips--) copy[random.below(copy.length)] ^= 1 << random.below(8);
    return copy;
  },
  // A stretch overwritten with noise.
  (bytes, random) => {
    const length = 1 + random.below(16);
    return splice(
      bytes,
      random.below(bytes.length),
      length,
      Array.from({ length }, () => random.below(256)),
    );
  },
  // An integer spliced in, or put over what was there.
  (bytes, random) => splice(bytes, random.below(bytes.length), random.pick([0, 1, 2]), random.pick(VARINTS)),
  // A length blown up.
  (bytes, random) => splice(bytes, random.pick(lengthsIn(bytes)), 1, random.pick(VARINTS)),
  // A stretch left out.
  (bytes, random) => splice(bytes, random.below(bytes.length), 1 + random.below(32)),
  // A stretch of another file spliced in.
  (bytes, random, other) => {
    const from = random.below(other.length);
    return splice(bytes, random.below(bytes.length), 0, other.subarray(from, from + 1 + random.below(200)));
  },
  // A field repeated where it stands.
  (bytes, random) => {
    const place = random.pick(lengthsIn(bytes));
    const field = bytes.subarray(Math.max(0, place - 1), place + 1 + (bytes[place] & 0x7f));
    return splice(bytes, Math.max(0, place - 1), 0, field);
  },
];

/** One or two damages, one on top of the other. */
export function damaged(bytes: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  let result = bytes;
  for (let count = 1 + random.below(2); count > 0 && result.length > 0; count--) {
    result = random.pick(DAMAGES)(result, random, other);
  }
  return result;
}
