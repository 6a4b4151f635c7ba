export { type EmbeddingOutput, embeddingOutput } from './embedding-output.js';
export { type Encoder, type EncoderOptions, openEncoder } from './encoder.js';
export {
  type ExposedFeature,
  type FeatureAxes,
  type FeatureRequest,
  featureShape,
  featureSize,
} from './features/feature-request.js';
export { FeatureTeacher, padFeature } from './features/feature-teacher.js';
export { type FineTuned, type FineTuneMetrics, type FineTuneOptions, fineTune } from './fine-tune.js';
export type { HeadSpec } from './fit-head.js';
export { type GraphFacts, readGraphFacts } from './graph-facts.js';
export { type ImportedModel, type ImportOptions, importModel } from './import-model.js';
export type { InspectOptions } from './inspect-folder.js';
export { inspectModelFolder } from './inspect-model-folder.js';
export { answerDigest, listModelFiles } from './model-files.js';
export { openTeacher, type Teacher } from './teacher.js';
export { readTokenEmbeddings, type TokenEmbeddings } from './token-embeddings.js';
export { tokenizerType } from './tokenizer-type.js';
export {
  type TeacherHeadMetrics,
  type TrainedTeacherHead,
  type TrainTeacherHeadOptions,
  trainTeacherHead,
} from './train-teacher-head.js';
export { openWordVectors, WORD_TOKENIZERS } from './word-vectors.js';
