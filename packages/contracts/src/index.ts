export * from './errors.js';
export * from './model-version.js';
export * from './rows.js';
export * from './spec.js';
export * from './stages.js';
export * from './version.js';
