export * from './importance.js';
export * from './prune-heads.js';
export * from './prune-hidden.js';
export * from './prune-magnitude.js';
export * from './prune-vocabulary.js';
export { quantizeTable, quantizeTables, TABLE_LIMIT } from './quantize-tables.js';
export { quantizeMatrix, quantizeWeights, WEIGHT_LIMIT } from './quantize-weights.js';
