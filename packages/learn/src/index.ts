export { encoderMisfits } from './bert/encoder-misfits.js';
export { GraphWalk } from './bert/graph-walk.js';
export { initializeEncoder } from './bert/initialize-encoder.js';
export {
  type BertLayerPlaces,
  type BertPlaces,
  type BertWeights,
  findBertLayers,
  readBert,
} from './bert/read-bert.js';
export type { CheckpointOptions } from './checkpoint/checkpoint-options.js';
export { tokensDigest } from './checkpoint/tokens-digest.js';
export * from './compress/index.js';
export * from './examples.js';
export type { FeatureTensor, FeatureTerm } from './feature-loss/feature-terms.js';
export { withoutProjections, withProjections } from './feature-loss/projections.js';
export type { Matrix } from './linear-algebra/matrix.js';
export { LOSS, type LossOptions } from './loss/loss-options.js';
export { ignoresTeacher, settledLoss } from './loss/loss-schedule.js';
export { MASKED, type TaskHead, taskInputs, taskOutput, withTaskMask, withTaskOutputs } from './loss/task-heads.js';
export { withTokenLoss } from './loss/token-loss.js';
export { withLoss } from './loss/with-loss.js';
export * from './measure/calibration.js';
export type { EpochRecord, ValidationRecord } from './measure/history.js';
export * from './measure/metrics.js';
export * from './measure/out-of-scope.js';
export { type PredictOptions, predict } from './measure/predict.js';
export { argmax } from './measure/softmax.js';
export { checkParameterMemory } from './optimizer/parameters.js';
export { Random } from './random.js';
export * from './soft-labels/adjust-soft-labels.js';
export { confidences } from './soft-labels/confidence.js';
export { type DecoderSpec, type DecoderStudentOptions, decoderStudent } from './students/decoder-student.js';
export {
  type EncoderStudentOptions,
  encoderStudent,
  encoderTextWidth,
  LAYER_NORM_EPSILON,
} from './students/encoder-student.js';
export { type GrownVocabulary, growVocabulary } from './students/grow-vocabulary.js';
export { type MlpHeadOptions, mlpHead } from './students/mlp-head.js';
export { type StaticStudentOptions, startTokens, staticStudent, staticTextWidth } from './students/static-student.js';
export { EMBEDDING_TAP, type LayerTaps, layerTaps } from './students/student-taps.js';
export * from './trainable.js';
export { stepsOf } from './training/batches.js';
export type { CurriculumOptions } from './training/curriculum.js';
export { type StageCheckpoint, stagedTraining, type TrainingPart } from './training/staged-training.js';
export { train } from './training/train.js';
export * from './training/train-options.js';
export { type TrainingGraphOptions, trainingGraph } from './training/training-graph.js';
export { TRAINING_DEFAULTS, type TrainingSettings } from './training/training-settings.js';
export { activationBytes, MOST_ACTIVATION_BYTES } from './transformer/activation-bytes.js';
