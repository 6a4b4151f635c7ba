export * from './aliases.js';
export type { Client, ModelVersion } from './model-version.js';
export * from './models.js';
export * from './register.js';
