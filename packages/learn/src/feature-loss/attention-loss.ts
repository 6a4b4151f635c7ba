import { floatScalar, int64Vector } from '@retort/onnx';
import type { FeatureGraph } from './feature-graph.js';
import type { AttentionTerm } from './feature-terms.js';

/** Probabilities below this count as this in a logarithm. */
const SMALLEST = 1e-9;

/**
 * How far the student's attention maps a are from the teacher's t, for each query a distribution over the keys:
 *
 *     kl   Σ_k t_k·log(t_k / a_k)       (Wang et al. 2020)
 *     mse  Σ_k (a_k - t_k)²             (after Jiao et al. 2020, who compare the scores before the softmax)
 *
 * the mean over the heads, over the queries of each text, and over the texts. Where teacher and student have different numbers of
 * heads, each side's maps are first averaged over its heads. A scalar.
 */
export function attentionLoss(graph: FeatureGraph, { student, teacher, distance }: AttentionTerm): string {
  const { builder: b } = graph;
  const given = graph.input(teacher.name, ['batch', teacher.heads, 'tokens', 'tokens']);
  const keys = b.add('Unsqueeze', [graph.mask, b.constant(int64Vector([1, 2]), 'axes')]);
  const masked = b.add('Mul', [given, keys]);
  const together = student.heads !== teacher.heads;
  const averaged = (maps: string, heads: number) =>
    together ? graph.scale(graph.sum(maps, 1, { keep: true }), 1 / heads) : maps;
  const [own, target] = [averaged(student.name, student.heads), averaged(masked, teacher.heads)];
  const distances = distance === 'mse' ? squares(graph, own, target) : divergence(graph, own, target);
  // [batch, heads, queries] → [batch, queries].
  return graph.meanOverTokens(graph.scale(graph.sum(distances, 1), 1 / (together ? 1 : teacher.heads)));
}

function squares(graph: FeatureGraph, own: string, target: string): string {
  const difference = graph.builder.add('Sub', [own, target]);
  return graph.sum(graph.builder.add('Mul', [difference, difference]), -1);
}

function divergence(graph: FeatureGraph, own: string, target: string): string {
  const { builder: b } = graph;
  const log = (maps: string) => b.add('Log', [b.add('Max', [maps, b.constant(floatScalar(SMALLEST))])]);
  return graph.sum(b.add('Mul', [target, b.add('Sub', [log(target), log(own)])]), -1);
}
