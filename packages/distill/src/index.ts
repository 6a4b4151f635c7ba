export * from './check-rows.js';
export { type Distilled, type DistillOptions, distill, rowsDigest } from './distill.js';
export { featureTeacherProblems } from './feature-problems.js';
export { invalidSpec, resolveSpec, storedSpec } from './resolve-spec.js';
export * from './soft-labels.js';
export { type TrainedStudent, type TrainStudentOptions, trainStudent } from './train-student.js';
export * from './transfer-set/index.js';
