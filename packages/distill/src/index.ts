export { answerBytes } from './answer-bytes.js';
export * from './check-rows.js';
export { type Distilled, type DistillOptions, distill, rowsDigest } from './distill.js';
export { measureLatencies } from './latency.js';
export { measureOutOfScope } from './out-of-scope.js';
export { invalidSpec, resolveSpec, storedSpec } from './resolve-spec.js';
export * from './soft-labels.js';
export { type TrainedStudent, type TrainStudentOptions, trainStudent } from './train-student.js';
