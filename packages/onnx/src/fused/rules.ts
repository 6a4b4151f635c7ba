import type { OpRule } from '../rules/rule.js';
import { fusedActivationRules } from './activations.js';
import { attentionRules } from './attention.js';
import { groupQueryAttentionRules } from './group-query-attention.js';
import { fusedNormalizationRules } from './normalization.js';
import { onnxAttentionRules } from './onnx-attention.js';
import { rotaryRules } from './rotary.js';

/** Every fused operator that can be taken apart. */
export const fusedRules: OpRule[] = [
  ...attentionRules,
  ...fusedActivationRules,
  ...fusedNormalizationRules,
  ...groupQueryAttentionRules,
  ...onnxAttentionRules,
  ...rotaryRules,
];
