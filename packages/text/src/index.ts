export {
  type Augmentation,
  type AugmentationHelpers,
  augmentations,
  type RandomSource,
  WordNeighbours,
  WordStatistics,
  type WordVectors,
} from './augment/index.js';
export * from './character-tokenizer.js';
export * from './check-text.js';
export * from './encode-batch.js';
export { InlineTextModel } from './inline-text-model.js';
export { loadTokenizer } from './load-tokenizer.js';
export { findModelFile, findServedFile, labelsOf, MODEL_PATHS, QUANTIZED_PATH, readJson } from './model-folder.js';
export * from './near-duplicates.js';
export { normalizeText } from './normalize-text.js';
export { openTextModel, openTokenizer } from './open-text-model.js';
export { type BatchLimits, planBatches } from './plan-batches.js';
export { type ReadOptions, type ReadRow, type RowLimits, readRows } from './rows.js';
export { serveTextModel } from './serve-text-model.js';
export * from './split.js';
export { type TaskLabels, taskNamesOf } from './task-labels.js';
export * from './text-classifier.js';
export { type TextInputs, textInputs } from './text-inputs.js';
export type { TextModel, TextModelOptions, TextOutput } from './text-model.js';
export { type TextModelReady, type TextModelRequest, ThreadedTextModel } from './threaded-text-model.js';
export type { Tokenizer } from './tokenizer.js';
export { extendVocabulary, type TrimmedTokenizer, trimVocabulary } from './trim-vocabulary.js';
