export * from './builder.js';
export { countFlops, type Flops } from './flops.js';
export {
  type Differentiated,
  GRADIENT_OPSETS,
  type GradientOptions,
  type GradientOutput,
  gradient,
} from './gradient/gradient.js';
export { inferShapes } from './infer-shapes.js';
export * from './initializers.js';
export * from './model.js';
export { pruneGraph } from './prune.js';
export { readModel } from './read.js';
export { type SupportedOp, supportedOps } from './registry.js';
export type { Facts } from './shapes/facts.js';
export { fuseTransposes } from './simplify/fuse-transposes.js';
export { simplify } from './simplify/simplify.js';
export { withoutDropout } from './simplify/without-dropout.js';
export * from './tensor.js';
export * from './tfjs/index.js';
export { unfuse } from './unfuse/unfuse.js';
export { writeModel } from './write.js';
