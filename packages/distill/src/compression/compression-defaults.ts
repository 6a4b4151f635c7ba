import { COMPRESSION_STEPS, type CompressionStep, type CompressionStepKind } from '@retort/contracts';
import { isSection } from '../sections/is-section.js';

/** The fields that each kind of step has, with their defaults. */
export const STEP_DEFAULTS = {
  'prune-heads': { share: 0.25, importance: 'taylor' },
  'prune-hidden': { share: 0.25, importance: 'taylor' },
  'prune-magnitude': { share: 0.5, scope: 'tensor' },
  'prune-vocabulary': { minCount: 2 },
  quantize: { weights: true, tables: true },
} as const satisfies Record<CompressionStepKind, Partial<CompressionStep>>;

/** Int8 of weights and tables: what an empty section asks for. */
const DEFAULT_STEPS = [{ kind: 'quantize' }];

/** The section `compression` with the steps' defaults by their kinds. Wrong fields are left to the schema's check. */
export function compressionDefaults(section: unknown): unknown {
  if (!isSection(section)) return section;
  const { steps = DEFAULT_STEPS } = section;
  return { ...section, steps: Array.isArray(steps) ? steps.map(withDefaults) : steps };
}

function withDefaults(step: unknown): unknown {
  const kind = isSection(step) ? COMPRESSION_STEPS.find((known) => known === step.kind) : undefined;
  return kind === undefined ? step : { ...STEP_DEFAULTS[kind], ...(step as object) };
}
