export { stepsOf } from './batches.js';
export { encoderMisfits } from './bert/encoder-misfits.js';
export { GraphWalk } from './bert/graph-walk.js';
export { initializeEncoder } from './bert/initialize-encoder.js';
export type { Matrix } from './bert/matrix.js';
export {
  type BertLayerPlaces,
  type BertPlaces,
  type BertWeights,
  findBertLayers,
  readBert,
} from './bert/read-bert.js';
export * from './calibration.js';
export type { CheckpointOptions } from './checkpoint-options.js';
export * from './compress/index.js';
export type { CurriculumOptions } from './curriculum.js';
export { type DecoderSpec, type DecoderStudentOptions, decoderStudent } from './decoder-student.js';
export { type EncoderStudentOptions, encoderStudent, encoderTextWidth, LAYER_NORM_EPSILON } from './encoder-student.js';
export * from './examples.js';
export type { FeatureTensor, FeatureTerm } from './feature-loss/feature-terms.js';
export { withoutProjections, withProjections } from './feature-loss/projections.js';
export type { EpochRecord, ValidationRecord } from './history.js';
export { LOSS, type LossOptions } from './loss/loss-options.js';
export { ignoresTeacher, settledLoss } from './loss/loss-schedule.js';
export { withLoss } from './loss/with-loss.js';
export * from './metrics.js';
export { type MlpHeadOptions, mlpHead } from './mlp-head.js';
export * from './out-of-scope.js';
export { checkParameterMemory } from './parameters.js';
export { type PredictOptions, predict } from './predict.js';
export { Random } from './random.js';
export * from './soft-labels/adjust-soft-labels.js';
export { confidences } from './soft-labels/confidence.js';
export { argmax } from './softmax.js';
export { type StageCheckpoint, stagedTraining, type TrainingPart } from './staged-training.js';
export { type StaticStudentOptions, startTokens, staticStudent, staticTextWidth } from './static-student.js';
export { EMBEDDING_TAP, type LayerTaps, layerTaps } from './student-taps.js';
export { MASKED, type TaskHead, taskInputs, taskOutput, withTaskMask, withTaskOutputs } from './task-heads.js';
export { withTokenLoss } from './token-loss.js';
export { tokensDigest } from './tokens-digest.js';
export { train } from './train.js';
export * from './train-options.js';
export * from './trainable.js';
export { type TrainingGraphOptions, trainingGraph } from './training-graph.js';
export { TRAINING_DEFAULTS, type TrainingSettings } from './training-settings.js';
export { activationBytes, MOST_ACTIVATION_BYTES } from './transformer/activation-bytes.js';
