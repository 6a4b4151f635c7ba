/**
 * What carries no schema. Threads and child processes that only run a model import this entry: loading the schema library takes most
 * of the time in which they start.
 */

export * from './errors.js';
export * from './model-version.js';
export * from './progress.js';
export * from './rows.js';
export * from './specs/divergences.js';
export * from './stages.js';
export * from './teacher.js';
export * from './version.js';
