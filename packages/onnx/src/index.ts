export * from './builder.js';
export * from './lookup.js';
export * from './model.js';
export { readModel } from './read.js';
export * from './tensor.js';
export { writeModel } from './write.js';
