export * from './errors.js';
export * from './spec.js';
export * from './stages.js';
