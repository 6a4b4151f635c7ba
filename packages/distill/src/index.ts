export * from './check-rows.js';
export { compressionDataProblems } from './compression/index.js';
export { type Distilled, type DistillOptions, distill, rowsDigest } from './distill.js';
export { invalidSpec, resolveSpec, storedSpec } from './resolve-spec.js';
export * from './soft-labels.js';
export { type TrainedStudent, type TrainStudentOptions, trainStudent } from './train-student.js';
