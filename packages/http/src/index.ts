export * from './app.js';
export * from './auth.js';
export * from './health.js';
export * from './hoist-schemas.js';
export * from './json-body.js';
export * from './pagination.js';
export * from './problem-handler.js';
export * from './validation.js';
