import { AUGMENTATION_NAMES } from '@retort/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AugmentationHelpers, augmentations, type RandomSource, WordNeighbours, WordStatistics } from './index.js';
import { cutWords, joinWords, withCaseOf } from './words.js';

/** A linear congruential generator (Numerical Recipes): the draws of a test come from no code under test. */
function lcg(seed: number): RandomSource {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return { uniform, below: (bound) => Math.floor(uniform() * bound) };
}

/** Draws what it is told, then zeros. */
function told(...draws: number[]): RandomSource {
  const uniform = () => draws.shift() ?? 0;
  return { uniform, below: (bound) => Math.floor(uniform() * bound) };
}

const CORPUS = ['wake me at seven', 'wake me at eight', 'wake him at seven', 'call me at noon', 'call him at noon now'];

/** Two directions: times of day, and persons. */
const VECTORS: Record<string, [number, number]> = {
  ...{ seven: [1, 0], eight: [0.9, 0.1], noon: [0.95, 0] },
  ...{ me: [0, 1], him: [0.1, 1] },
};

function helpersOf(random: RandomSource, options: Partial<AugmentationHelpers> = {}): AugmentationHelpers {
  const statistics = new WordStatistics(CORPUS);
  const vectorOf = (word: string) => (VECTORS[word] ? Float32Array.from(VECTORS[word]) : undefined);
  const neighbours = new WordNeighbours({ width: 2, vectorOf }, statistics);
  return {
    random,
    strength: 0.3,
    statistics,
    neighbours,
    partner: () => CORPUS[random.below(CORPUS.length)],
    ...options,
  };
}

/** Texts of any script, with surrogate pairs, marks, joiners, odd white space and no words at all. */
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc
    .array(
      fc.constantFrom('wake', 'me', 'at', 'Seven', "don't", '朝', '起こして', 'é', '👩‍👩‍👧', '𝒳𝒴', '?!', '…', '42'),
      {
        maxLength: 12,
      },
    )
    .map((words) => words.join(' ')),
);
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('words', () => {
  it('are cut so that joining gives the text back', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(joinWords(cutWords(text))).toBe(text);
      }),
    );
  });

  it('keep apostrophes, marks and numbers, and are single letters where a script has no spaces', () => {
    expect(cutWords("Don't call 0049, Zoë: 明日の朝!").words).toEqual([
      ...["Don't", 'call', '0049', 'Zoë'],
      ...['明', '日', 'の', '朝'],
    ]);
  });

  it('take the capitals of the word that they replace', () => {
    expect(withCaseOf('Seven', 'eight')).toBe('Eight');
    expect(withCaseOf('SEVEN', 'eight')).toBe('EIGHT');
    expect(withCaseOf('seven', 'eight')).toBe('eight');
    expect(withCaseOf('iPhone', 'phone')).toBe('phone');
  });
});

describe.each(AUGMENTATION_NAMES)('%s', (name) => {
  const augment = augmentations[name];

  it('is a function of its draws, gives valid Unicode, and bounds the length', () => {
    fc.assert(
      fc.property(
        anyText,
        anyText,
        seeds,
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (text, other, seed, strength) => {
          const run = () => augment(text, helpersOf(lcg(seed), { strength, partner: () => other }));
          const made = run();
          expect(run()).toBe(made);
          if (made === undefined) return;
          if (text.isWellFormed() && other.isWellFormed()) expect(made.isWellFormed()).toBe(true);
          const words = (value: string) => cutWords(value).words.length;
          // A replaced word is at most the longest of the corpus; a mistyped one has at most one letter more (with its marks).
          expect(made.length).toBeLessThanOrEqual(2 * text.length + other.length + 6 * words(text) + 1);
          // An apostrophe that is struck twice ends a word: a mistyped word may be read as two.
          const split = name === 'typo' ? words(text) : 0;
          expect(words(made)).toBeLessThanOrEqual(Math.max(1, words(text) + words(other) + split));
        },
      ),
    );
  });

  it('finds nothing to change in a text without words', () => {
    expect(augment('?!', helpersOf(lcg(1)))).toBeUndefined();
    expect(augment('', helpersOf(lcg(1)))).toBeUndefined();
  });

  it('changes about as many words as its strength says, and no others', () => {
    if (name === 'span-mixing') return;
    const text = 'call him at noon now';
    fc.assert(
      fc.property(seeds, (seed) => {
        const made = augment(text, helpersOf(lcg(seed), { strength: 0.2 }));
        if (made === undefined) return;
        const before = cutWords(text).words;
        const after = cutWords(made).words;
        const gone = before.filter((word) => !after.includes(word));
        expect(gone.length).toBeLessThanOrEqual(2); // 0.2 · 5 words is one, rounded up at random at most two.
        if (name === 'swap') expect([...after].sort()).toEqual([...before].sort());
        if (name === 'token-dropout') expect(before.length - after.length).toBe(gone.length);
      }),
    );
  });
});

describe('the strategies', () => {
  it('leave out a word with its space, and keep the punctuation', () => {
    const drop = (at: number) =>
      augmentations['token-dropout']('now, call me?', helpersOf(told(0, at), { strength: 0.01 }));
    expect([drop(0), drop(0.4), drop(0.9)]).toEqual(['call me?', 'now, me?', 'now, call?']);
  });

  it('replace by what stood between the same words', () => {
    // Between "wake" and "at" the corpus has "me" twice and "him" once.
    const text = 'wake me at seven';
    const seen = new Set<string | undefined>();
    for (let seed = 0; seed < 200; seed++) {
      const made = augmentations['masked-replacement'](text, helpersOf(lcg(seed), { strength: 0.01 }));
      if (made?.startsWith('wake ') && made.endsWith(' at seven')) seen.add(made.split(' ')[1]);
    }
    expect(seen).toContain('him');
    expect(seen).not.toContain('me');
  });

  it('weigh a word by its counts with both neighbours over its own', () => {
    const statistics = new WordStatistics(['a x b', 'a x b', 'a y b', 'a z c', 'y', 'y', 'y']);
    // x: (2 + 0.1)² / 2 = 2.205, y: (1 + 0.1)² / 4 = 0.3025, z: (1 + 0.1)(0 + 0.1) / 1 = 0.11.
    const total = 2.205 + 0.3025 + 0.11;
    const draw = (share: number) => statistics.between('a', 'w', 'b', told(share));
    expect(draw(2.204 / total)).toBe('x');
    expect(draw(2.206 / total)).toBe('y');
    expect(draw((2.205 + 0.3024) / total)).toBe('y');
    expect(draw((2.205 + 0.3026) / total)).toBe('z');
  });

  it('find neighbours by the cosine, and go to more frequent ones only to back off', () => {
    const random = lcg(3);
    for (let i = 0; i < 50; i++) {
      const near = augmentations['neighbour-replacement']('Eight', helpersOf(random));
      expect(['Seven', 'Noon']).toContain(near);
      expect(['seven', 'noon']).toContain(augmentations['back-off']('eight', helpersOf(random)));
    }
    // Nothing is more frequent than these among what is near to them.
    expect(augmentations['back-off']('me', helpersOf(random))).toBeUndefined();
    expect(augmentations['neighbour-replacement']('unheard', helpersOf(random))).toBeUndefined();
  });

  it('join two texts about where both are cut at the same share', () => {
    const mixed = augmentations['span-mixing']('a b c d', helpersOf(told(0, 0.5), { partner: () => 'e f g h' }));
    expect(mixed).toBe('a b g h');
    expect(augmentations['span-mixing']('a b', helpersOf(lcg(1), { partner: () => undefined }))).toBeUndefined();
  });

  it('mistype within reach on the keyboard', () => {
    // The word, its second letter, substitution, the first neighbour of "a" in the row: "s" is to its right.
    expect(augmentations.typo('mars', helpersOf(told(0, 0, 0.3, 0, 0)))).toBe('msrs');
    expect(augmentations.typo('mars', helpersOf(told(0, 0, 0.3, 0.25)))).toBe('mrs');
    expect(augmentations.typo('mars', helpersOf(told(0, 0, 0.3, 0.75)))).toBe('mras');
  });
});
