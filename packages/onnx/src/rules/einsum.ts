import { UnsupportedUse } from '../emit/refusals.js';
import { type Extent, shapeVector } from '../emit/shaping.js';
import { sumTo } from '../emit/sum-to.js';
import type { Dim } from '../model.js';
import type { ShapeContext } from '../shapes/context.js';
import { broadcastShapes, ShapeConflict, sameDim } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { GradientContext } from './gradient-context.js';
import type { InputGradient, OpRule } from './rule.js';

/** Einsum: a product of tensors summed over the axes whose labels the output does not have (NumPy's notation). */

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** An equation without ellipses: the labels of each input's axes, and of the output's. */
interface Equation {
  inputs: string[];
  output: string;
}

/**
 * Reads an equation for inputs of these ranks. Axes that an ellipsis stands for, as many in every input that has one, get letters
 * that the equation does not use. Without an arrow the output has, after the ellipsis and in alphabetical order, the labels that
 * occur once.
 */
function parse(text: string, ranks: number[]): Equation {
  const equation = text.replaceAll(' ', '');
  const [left = '', right, ...rest] = equation.split('->');
  const terms = left.split(',');
  const valid = /^[a-zA-Z]*(\.\.\.)?[a-zA-Z]*$/;
  if (rest.length > 0 || ![...terms, right ?? ''].every((term) => valid.test(term))) {
    throw new ShapeConflict(`the equation "${text}" is not valid`);
  }
  if (terms.length !== ranks.length) {
    throw new ShapeConflict(`the equation "${text}" is for ${terms.length} inputs, not ${ranks.length}`);
  }
  const hidden = terms.map((term, i) => ranks[i] - term.replace('...', '').length);
  hidden.forEach((count, i) => {
    if (count < 0 || (count > 0 && !terms[i].includes('...'))) {
      throw new ShapeConflict(`"${terms[i]}" of the equation "${text}" does not fit a rank of ${ranks[i]}`);
    }
  });
  const most = Math.max(...hidden);
  if (terms.some((term, i) => term.includes('...') && hidden[i] !== most)) {
    throw new ShapeConflict(`the ellipses of the equation "${text}" stand for different numbers of axes`);
  }
  const free = [...LETTERS].filter((letter) => !equation.includes(letter)).slice(0, most);
  if (free.length < most) throw new ShapeConflict(`the equation "${text}" has more axes than there are letters`);
  const spelled = free.join('');
  const inputs = terms.map((term) => term.replace('...', spelled));
  if (right !== undefined) return { inputs, output: checkOutput(right.replace('...', spelled), inputs, text) };
  const all = terms.join('').replaceAll('.', '');
  const once = [...new Set(all)].filter((letter) => all.indexOf(letter) === all.lastIndexOf(letter));
  return { inputs, output: spelled + once.sort().join('') };
}

function checkOutput(output: string, inputs: string[], text: string): string {
  const labels = [...output];
  if (new Set(labels).size < labels.length || labels.some((label) => !inputs.some((input) => input.includes(label)))) {
    throw new ShapeConflict(`the output of the equation "${text}" repeats a label, or has one that no input has`);
  }
  return output;
}

function inferEinsum(context: ShapeContext): Facts[] {
  const { type } = context.input(0);
  const shapes = Array.from({ length: context.inputCount }, (_, i) => context.shape(i));
  if (!shapes.every((shape) => shape !== undefined)) return [{ type, shape: undefined }];
  const { inputs, output } = parse(
    context.string('equation', ''),
    shapes.map(({ length }) => length),
  );
  const extents = new Map<string, Dim>();
  inputs.forEach((labels, i) => {
    [...labels].forEach((label, axis) => {
      const before = extents.get(label);
      extents.set(label, before === undefined ? shapes[i][axis] : broadcastShapes([[before], [shapes[i][axis]]])[0]);
    });
  });
  return [{ type, shape: [...output].map((label) => extents.get(label) ?? null) }];
}

/**
 * The gradient of one factor is the product of dY and all other factors, summed over the labels that the factor does not have:
 * an Einsum too. Labels that only this factor has were summed away, so along them every element gets the same.
 */
function einsumGradient(context: GradientContext): InputGradient[] {
  const { emitter: e, node, dy } = context;
  const ranks = node.inputs.map((input) => e.rank(input));
  const { inputs, output } = parse(context.string('equation', ''), ranks);
  if (inputs.some((labels) => new Set(labels).size < labels.length)) {
    throw new UnsupportedUse('an input that has a label twice (a diagonal) is not supported');
  }
  return node.inputs.map((x, i) => () => {
    const others = inputs.filter((_, other) => other !== i);
    const values = node.inputs.filter((_, other) => other !== i);
    const labels = [...inputs[i]];
    const kept = labels.filter((label) => output.includes(label) || others.some((other) => other.includes(label)));
    const equation = `${[output, ...others].join(',')}->${kept.join('')}`;
    const made = e.emit('Einsum', [dy, ...values], { attributes: { equation } });
    const lost = labels.flatMap((label, axis) => (kept.includes(label) ? [] : [axis]));
    const spread = lost.length > 0 ? e.unsqueeze(made, lost) : made;
    const summed = labels.flatMap((label, axis) => (output.includes(label) ? [] : [axis]));
    // An axis of one element that met a longer one was repeated.
    return sumTo(e, expandAlong(context, spread, x, summed), x);
  });
}

/**
 * `value` repeated along `axes` as far as `x` reaches there: labels that the output does not have, which came from the other
 * factors, or from none, and may be of one element there.
 */
function expandAlong({ emitter: e }: GradientContext, value: string, x: string, axes: number[]): string {
  const short = axes.filter((axis) => !sameDim(e.shape(value)[axis], e.shape(x)[axis]));
  if (short.length === 0) return value;
  const target = e.shape(x).map((_, axis): Extent => (short.includes(axis) ? { of: x, axis } : 1));
  return e.emit('Expand', [value, shapeVector(e, target)]);
}

export const einsumRules: OpRule[] = [{ op: 'Einsum', infer: inferEinsum, gradient: einsumGradient }];
