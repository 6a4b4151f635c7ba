import { floatScalar, int64s, type Tensor } from '@retort/onnx';
import { Random } from '../random.js';
import { symmetricBeta } from './beta.js';

/** Inputs of a training graph that mixes. */
export const MIXUP = { share: 'mixup_share', partners: 'mixup_partners' } as const;

/** How the rows of one batch are mixed. */
export interface Mixing {
  /** μ: what each row keeps of itself, in [0, 1]. */
  share: number;
  /** Of each row the row of the batch that it is mixed with. */
  partners: Int32Array;
}

export interface MixingOptions {
  /** α of Beta(α, α), above 0. */
  alpha: number;
  /** Of the training. */
  seed: number;
  /** Runs made of the training graph before this one. */
  run: number;
}

/** Sets these random numbers apart from those that deal the batches and drop units, which come of the same seed. */
const STREAM = 0x27d4eb2f;
/** Odd, so that different runs of a training have different seeds. */
const STRIDE = 0x85ebca6b;

/**
 * Draws μ ~ Beta(α, α), one for the whole batch (Zhang et al. 2018), and who is mixed with whom: one cycle through all rows (Sattolo 1986),
 * so that none is its own partner, unless it is alone.
 *
 * A function of seed and run alone: a training that is resumed, which knows its runs, needs no further state.
 */
export function drawMixing(rows: number, { alpha, seed, run }: MixingOptions): Mixing {
  const random = new Random((seed ^ STREAM) + Math.imul(run, STRIDE));
  const share = symmetricBeta(random, alpha);
  const partners = Int32Array.from({ length: rows }, (_, row) => row);
  for (let i = rows - 1; i > 0; i--) {
    const j = random.below(i);
    const swap = partners[i];
    partners[i] = partners[j];
    partners[j] = swap;
  }
  return { share, partners };
}

/** What the training graph is fed of it. */
export function mixingInputs({ share, partners }: Mixing): Record<string, Tensor> {
  return {
    [MIXUP.share]: floatScalar(share),
    [MIXUP.partners]: int64s([partners.length], Array.from(partners)),
  };
}
