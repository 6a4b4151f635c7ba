import { floats, type Model } from '@retort/onnx';
import { normalValues, Random } from '../random.js';
import type { TrainableModel, Weights } from '../trainable.js';
import type { FeatureTerm, ProjectedTerm } from './feature-terms.js';

/** Sets the projections' random numbers apart from those of the student's weights, which come of the same seed. */
const STREAM = 0x2c1b3c6d;

/**
 * The student with the projections of its terms among its trained weights: matrices `[student width, teacher width]`, the identity
 * where both widths are the same (a student that starts from its teacher is then near it from the first step), else normal with the
 * variance 1/width, which keeps the size of what they project.
 */
export function withProjections(
  { model, trainable }: TrainableModel,
  terms: readonly FeatureTerm[],
  seed: number,
): TrainableModel {
  const random = new Random((seed ^ STREAM) >>> 0);
  const initializers = new Map(model.graph.initializers);
  const names = projected(terms).map(({ projection, student: { width: from }, teacher: { width: to } }) => {
    const values =
      from === to
        ? Float32Array.from({ length: from * to }, (_, i) => (i % (to + 1) === 0 ? 1 : 0))
        : normalValues(random, from * to, Math.sqrt(1 / from));
    initializers.set(projection, floats([from, to], values));
    return projection;
  });
  const extended: Model = { ...model, graph: { ...model.graph, initializers } };
  return { model: extended, trainable: [...trainable, ...names] };
}

/** What training ended in without the projections: the weights of the student itself. */
export function withoutProjections(weights: Weights, terms: readonly FeatureTerm[]): Weights {
  const dropped = new Set(projected(terms).map(({ projection }) => projection));
  return new Map([...weights].filter(([name]) => !dropped.has(name)));
}

function projected(terms: readonly FeatureTerm[]): ProjectedTerm[] {
  return terms.filter((term): term is ProjectedTerm => 'projection' in term);
}
