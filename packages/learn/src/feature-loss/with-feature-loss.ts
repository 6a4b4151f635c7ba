import { RetortError } from '@retort/contracts/values';
import { GraphBuilder, type Model, renameValues } from '@retort/onnx';
import { LOSS } from '../loss/loss-options.js';
import { attentionLoss } from './attention-loss.js';
import { FeatureGraph } from './feature-graph.js';
import type { FeatureTerm } from './feature-terms.js';
import { projectedLoss } from './projected-loss.js';
import { relationLoss } from './relation-loss.js';

/**
 * Adds to the scalar output `loss` of a training graph the weighted sum of `terms`. What the teacher has of each batch becomes an input
 * (float32, padded as the batch is); projections must be initializers or inputs of the graph already (see `withProjections`).
 *
 * @throws RetortError `RT_INVALID_MODEL` for a graph without a loss, or without a value that a term names; `RT_INVALID_FIELD` where the
 * heads of a relation do not divide both widths
 */
export function withFeatureLoss(model: Model, terms: readonly FeatureTerm[]): Model {
  if (terms.length === 0) return model;
  for (const term of terms) check(model, term);
  const b = new GraphBuilder({ base: model });
  const graph = new FeatureGraph(b);
  const answers = b.unique('answer_loss');
  b.graph.nodes = b.graph.nodes.map((node) =>
    node.outputs.includes(LOSS.output)
      ? { ...renameValues(node, new Map([[LOSS.output, answers]])), name: answers }
      : node,
  );
  const summands = terms.map((term) => graph.scale(lossOf(graph, term), term.weight));
  b.add('Sum', [answers, ...summands], { outputs: [LOSS.output] });
  return b.build(model);
}

function lossOf(graph: FeatureGraph, term: FeatureTerm): string {
  switch (term.kind) {
    case 'attention':
      return attentionLoss(graph, term);
    case 'relation':
      return relationLoss(graph, term);
    default:
      return projectedLoss(graph, term);
  }
}

function check({ graph }: Model, term: FeatureTerm): void {
  const known = new Set([
    ...graph.inputs.map(({ name }) => name),
    ...graph.initializers.keys(),
    ...graph.nodes.flatMap(({ outputs }) => outputs),
  ]);
  const { kind } = term;
  const read = kind === 'relation' ? [term.student.left, term.student.right] : [term.student.name];
  if (kind === 'hidden' || kind === 'embedding') read.push(term.projection);
  if (kind !== 'embedding') read.push('attention_mask');
  const missing = [LOSS.output, ...read].find((name) => !known.has(name));
  if (missing !== undefined) {
    throw new RetortError(
      'RT_INVALID_MODEL',
      `A feature loss (${kind}) needs the value "${missing}", which the graph has not.`,
    );
  }
  if (term.kind === 'relation' && (term.student.width % term.heads !== 0 || term.teacher.width % term.heads !== 0)) {
    throw new RetortError(
      'RT_INVALID_FIELD',
      `The heads of a relation (${term.heads}) must divide the widths of the student (${term.student.width}) and of the teacher (${term.teacher.width}).`,
    );
  }
}
