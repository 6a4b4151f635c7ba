import type { Random } from '../random.js';

/**
 * A draw from Beta(α, α), in [0, 1]: γ₁ / (γ₁ + γ₂) of two draws from Gamma(α, 1).
 *
 * It is made of their logarithms, as for a small α both are often below the smallest number there is:
 * γ = γ'·U^(1/α) with γ' from Gamma(α + 1, 1) and U uniform (Marsaglia & Tsang 2000, section 6), so that
 *
 *     log(γ₁/γ₂) = log γ₁' - log γ₂' + (log U₁ - log U₂)/α
 *
 * @param alpha above 0: towards 0 the draws are 0 or 1, 1 is uniform, and the higher the closer they are to ½
 */
export function symmetricBeta(random: Random, alpha: number): number {
  const logGamma = () => ({ shifted: Math.log(gamma(random, alpha + 1)), logU: Math.log(1 - random.uniform()) });
  const [one, other] = [logGamma(), logGamma()];
  return 1 / (1 + Math.exp(other.shifted - one.shifted + (other.logU - one.logU) / alpha));
}

/** A draw from Gamma(shape, 1) for a shape of at least 1: Marsaglia & Tsang (2000), who reject less than one draw in twenty. */
function gamma(random: Random, shape: number): number {
  const d = shape - 1 / 3;
  for (;;) {
    const x = random.normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
