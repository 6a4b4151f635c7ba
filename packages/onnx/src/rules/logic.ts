import { sumTo } from '../emit/sum-to.js';
import type { ShapeContext } from '../shapes/context.js';
import { broadcastShapes } from '../shapes/dims.js';
import type { Facts } from '../shapes/facts.js';
import type { OpRule } from './rule.js';

/** Comparisons and choices. What they decide has no gradient; what they choose has. */

function booleans(context: ShapeContext): Facts[] {
  const shapes = Array.from({ length: context.inputCount }, (_, i) => context.shape(i));
  const known = shapes.filter((shape) => shape !== undefined);
  return [{ type: 'bool', shape: known.length === shapes.length ? broadcastShapes(known) : undefined }];
}

const COMPARISONS = [
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'And',
  'Or',
  'Xor',
  'Not',
  'IsNaN',
  'IsInf',
];

export const logicRules: OpRule[] = [
  ...COMPARISONS.map((op): OpRule => ({ op, infer: booleans })),
  {
    op: 'Where',
    infer: (context) => [{ type: context.input(1).type ?? context.input(2).type, shape: booleans(context)[0]?.shape }],
    gradient: ({ emitter: e, node, dy }) => {
      const [condition, a, b] = node.inputs as [string, string, string];
      const zero = () => e.scalar(0, dy);
      return [
        null,
        () => sumTo(e, e.emit('Where', [condition, dy, zero()]), a),
        () => sumTo(e, e.emit('Where', [condition, zero(), dy]), b),
      ];
    },
  },
];
