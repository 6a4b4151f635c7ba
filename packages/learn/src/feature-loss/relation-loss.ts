import { float } from '@retort/onnx';
import { paddingMask } from '../transformer/masks.js';
import type { FeatureGraph } from './feature-graph.js';
import type { RelationOperands, RelationTerm } from './feature-terms.js';

/**
 * MiniLM's self-attention relations (Wang et al. 2020, 2021): for each of `heads` relation heads, into which the width of either model is
 * cut whatever attention heads it has,
 *
 *     R = softmax over the keys of left·rightᵀ/√(width / heads)
 *     L = KL(R_teacher ‖ R_student)
 *
 * the mean over the relation heads, over the queries of each text, and over the texts. So the models may differ in width: relations
 * are numbers between tokens, which both have in common. A scalar.
 */
export function relationLoss(graph: FeatureGraph, { student, teacher, heads }: RelationTerm): string {
  const { builder: b } = graph;
  const padding = paddingMask(b, graph.mask);
  const relations = ({ left, right, width }: RelationOperands) => {
    const byHead = (value: string) =>
      b.add('Transpose', [graph.byToken(value, heads, width / heads)], { attributes: { perm: [0, 2, 1, 3] } });
    const cut = byHead(left);
    const scores = b.add('FusedMatMul', [cut, right === left ? cut : byHead(right)], {
      domain: 'com.microsoft',
      attributes: { transA: 0, transB: 1, alpha: float(1 / Math.sqrt(width / heads)) },
    });
    return b.add('LogSoftmax', [b.add('Add', [scores, padding])], { attributes: { axis: -1 } });
  };
  for (const name of [teacher.left, teacher.right]) graph.input(name, ['batch', 'tokens', teacher.width]);
  const [own, target] = [relations(student), relations(teacher)];
  const divergences = graph.sum(b.add('Mul', [b.add('Exp', [target]), b.add('Sub', [target, own])]), -1);
  // [batch, heads, queries] → [batch, queries].
  return graph.meanOverTokens(graph.scale(graph.sum(divergences, 1), 1 / heads));
}
