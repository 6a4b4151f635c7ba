export * from './character-tokenizer.js';
export * from './check-text.js';
export * from './encode-batch.js';
export * from './near-duplicates.js';
export { normalizeText } from './normalize-text.js';
export * from './rows.js';
export * from './split.js';
export { loadTokenizer, type Tokenizer } from './tokenizer.js';
