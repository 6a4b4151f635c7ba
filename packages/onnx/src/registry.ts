import { fusedRules } from './fused/rules.js';
import type { Node } from './model.js';
import { activationRules } from './rules/activations.js';
import { arithmeticRules } from './rules/arithmetic.js';
import { channelNormalizationRules } from './rules/channel-normalization.js';
import { constantRules } from './rules/constants.js';
import { convolutionRules } from './rules/convolution.js';
import { dropoutRules } from './rules/dropout.js';
import { einsumRules } from './rules/einsum.js';
import { elementwiseRules } from './rules/elementwise.js';
import { indexingRules } from './rules/indexing.js';
import { layoutRules } from './rules/layout.js';
import { logicRules } from './rules/logic.js';
import { matmulRules } from './rules/matmul.js';
import { normalizationRules } from './rules/normalization.js';
import { poolingRules } from './rules/pooling.js';
import { reductionRules } from './rules/reduction.js';
import { repeatingRules } from './rules/repeating.js';
import { rmsNormalizationRules } from './rules/rms-normalization.js';
import type { OpRule } from './rules/rule.js';
import { scanRules } from './rules/scans.js';
import { slicingRules } from './rules/slicing.js';
import { softmaxRules } from './rules/softmax.js';

/**
 * Every operator that Retort knows, one rule each. To add one: write its rule in the file of its family in rules/, and a case for it in
 * that family's test, which checks it against finite differences. Fused operators stand in fused/.
 */
const RULES = byOperator(
  [
    fusedRules,
    activationRules,
    arithmeticRules,
    channelNormalizationRules,
    constantRules,
    convolutionRules,
    dropoutRules,
    einsumRules,
    elementwiseRules,
    indexingRules,
    layoutRules,
    logicRules,
    matmulRules,
    normalizationRules,
    poolingRules,
    reductionRules,
    repeatingRules,
    rmsNormalizationRules,
    scanRules,
    slicingRules,
    softmaxRules,
  ].flat(),
);

function byOperator(rules: readonly OpRule[]): Map<string, OpRule> {
  const byKey = new Map(rules.map((rule) => [keyOf(rule.op, rule.domain ?? ''), rule]));
  if (byKey.size < rules.length) throw new Error('An operator has two rules.');
  return byKey;
}

function keyOf(op: string, domain: string): string {
  return `${domain}.${op}`;
}

/** The rule of a node's operator, if there is one. */
export function findRule({ op, domain }: Pick<Node, 'op' | 'domain'>): OpRule | undefined {
  return RULES.get(keyOf(op, domain));
}

export interface SupportedOp {
  op: string;
  /** `''` is ai.onnx. */
  domain: string;
  /** Whether gradients pass through it. Otherwise only shapes are inferred. */
  differentiable: boolean;
  /** Whether it is several operators fused, which `unfuse` takes apart. */
  fused: boolean;
}

/** All operators that have a rule, by domain and name. */
export function supportedOps(): SupportedOp[] {
  return [...RULES.values()]
    .map(({ op, domain = '', gradient, unfuse }) => ({
      op,
      domain,
      differentiable: (gradient ?? unfuse) !== undefined,
      fused: unfuse !== undefined,
    }))
    .sort((a, b) => (keyOf(a.op, a.domain) < keyOf(b.op, b.domain) ? -1 : 1));
}
