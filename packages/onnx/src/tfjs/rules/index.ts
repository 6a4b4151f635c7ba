import type { TfRule } from '../lowering.js';
import { ELEMENTWISE } from './elementwise.js';
import { GATHER } from './gather.js';
import { LINEAR } from './linear.js';
import { REDUCE } from './reduce.js';
import { SHAPING } from './shaping.js';
import { SLICE } from './slice.js';

/** One rule per TensorFlow operator. `Const`, `Placeholder` and `NoOp` are the importer's own. */
export const TF_RULES: ReadonlyMap<string, TfRule> = new Map(
  Object.entries({ ...ELEMENTWISE, ...GATHER, ...LINEAR, ...REDUCE, ...SHAPING, ...SLICE }),
);
