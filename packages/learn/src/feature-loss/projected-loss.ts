import { floatScalar } from '@retort/onnx';
import type { FeatureGraph } from './feature-graph.js';
import type { ProjectedTerm } from './feature-terms.js';

/** Added to squared lengths, so that a vector of zeros has a cosine (0) and a gradient. */
const EPSILON = 1e-12;

/**
 * How far the student's vectors s·W are from the teacher's t, W `[student width, teacher width]` learned (Romero et al. 2015; for the
 * hidden states of transformers Jiao et al. 2020):
 *
 *     mse     ‖s·W - t‖² / width
 *     cosine  1 - (s·W)·t / (‖s·W‖·‖t‖)
 *
 * the mean over the tokens of each text where there is one vector per token, and over the texts. A scalar.
 */
export function projectedLoss(graph: FeatureGraph, term: ProjectedTerm): string {
  const { builder: b } = graph;
  const { kind, student, teacher, distance, projection } = term;
  const perToken = kind === 'hidden';
  const own = perToken ? graph.byToken(student.name, student.width) : student.name;
  const projected = b.add('MatMul', [own, projection]);
  const target = graph.input(teacher.name, [...(perToken ? ['batch', 'tokens'] : ['batch']), teacher.width]);
  const distances =
    distance === 'mse' ? meanSquare(graph, projected, target, teacher.width) : cosine(graph, projected, target);
  return perToken ? graph.meanOverTokens(distances) : graph.meanOverTexts(distances);
}

function meanSquare(graph: FeatureGraph, own: string, target: string, width: number): string {
  const difference = graph.builder.add('Sub', [own, target]);
  return graph.scale(graph.sum(graph.builder.add('Mul', [difference, difference]), -1), 1 / width);
}

function cosine(graph: FeatureGraph, own: string, target: string): string {
  const { builder: b } = graph;
  const product = (x: string, y: string) => graph.sum(b.add('Mul', [x, y]), -1);
  const length = (x: string) => b.add('Sqrt', [b.add('Add', [product(x, x), b.constant(floatScalar(EPSILON))])]);
  const similarity = b.add('Div', [product(own, target), b.add('Mul', [length(own), length(target)])]);
  return b.add('Sub', [b.constant(floatScalar(1)), similarity]);
}
