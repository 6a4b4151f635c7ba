export * from './calibration.js';
export * from './metrics.js';
export { type MlpHeadOptions, mlpHead } from './mlp-head.js';
export { Random } from './random.js';
export * from './train-options.js';
export * from './trainable.js';
