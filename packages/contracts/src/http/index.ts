export * from './common.js';
export * from './datasets.js';
export * from './distillations.js';
export * from './keys.js';
export * from './models.js';
export * from './predictions.js';
export * from './tasks.js';
export * from './teachers.js';
