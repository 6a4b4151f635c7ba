import { RetortError } from '@retort/contracts';
import { describe, expect, it } from 'vitest';
import { damaged } from '../../../test/support/mutate-model/bytes.ts';
import { edited } from '../../../test/support/mutate-model/messages.ts';
import { originals } from '../../../test/support/mutate-model/originals.ts';
import { Random } from '../../../test/support/mutate-model/random.ts';
import { gradient } from './gradient/gradient.js';
import { inferShapes } from './infer-shapes.js';
import { readModel } from './read.js';
import { simplify } from './simplify/simplify.js';

/*
 * 5,000 files that were made from valid models by damage to their bytes or by edits of their messages. Whatever a file holds, it is
 * read or refused with a RetortError, and so are its shapes and its gradient; and nothing is allocated on the file's word alone.
 */

/** Most that one small file may make grow, in bytes. A length taken from a file on trust would be far beyond. */
const LIMITS = { arrayBuffers: 2 ** 20, heapUsed: 2 ** 26 };

type Outcome = 'refused' | 'read' | 'inferred' | 'differentiated';

/** How far a file gets. Anything but a RetortError is thrown on, with the number that makes the file again. */
function outcomeOf(file: Uint8Array, place: string): Outcome {
  let outcome: Outcome = 'refused';
  try {
    const model = readModel(file);
    outcome = 'read';
    inferShapes(model);
    outcome = 'inferred';
    inferShapes(simplify(model));
    gradient(model, { loss: 'loss', wrt: ['w'] });
    outcome = 'differentiated';
  } catch (error) {
    if (!(error instanceof RetortError)) throw new Error(`${place}, ${outcome}: ${String(error)}`, { cause: error });
    expect(error.code, place).toMatch(/^RT_(INVALID_MODEL|UNSUPPORTED_OP)$/);
  }
  return outcome;
}

function count(make: (original: Uint8Array, random: Random, other: Uint8Array) => Uint8Array, mutants: number) {
  const files = originals();
  const outcomes: Record<Outcome, number> = { refused: 0, read: 0, inferred: 0, differentiated: 0 };
  for (let seed = 0; seed < mutants; seed++) {
    const random = new Random(seed);
    const file = make(files[seed % files.length], random, random.pick(files));
    const before = process.memoryUsage();
    const place = `mutant ${seed}`;
    outcomes[outcomeOf(file, place)]++;
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers, place).toBeLessThan(LIMITS.arrayBuffers);
    expect(after.heapUsed - before.heapUsed, place).toBeLessThan(LIMITS.heapUsed);
  }
  return outcomes;
}

describe('a hostile model file', () => {
  it('starts from files that can be differentiated', () => {
    for (const [i, file] of originals().entries()) expect(outcomeOf(file, `original ${i}`)).toBe('differentiated');
  });

  it('whose bytes are damaged is read or refused, whatever it holds', () => {
    const outcomes = count(damaged, 3000);
    // Damage that is always refused at once would test nothing behind the reading.
    expect(outcomes.refused).toBeGreaterThan(500);
    expect(outcomes.read + outcomes.inferred + outcomes.differentiated).toBeGreaterThan(300);
  });

  it('whose messages are edited is read or refused, whatever it holds', () => {
    const outcomes = count(edited, 2000);
    for (const [outcome, files] of Object.entries(outcomes)) expect(files, outcome).toBeGreaterThan(50);
  });
});
