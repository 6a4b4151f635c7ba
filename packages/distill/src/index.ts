export * from './check-rows.js';
export { type Distilled, type DistillOptions, distill, rowsDigest } from './distill.js';
export { checkTeachers, ensembleDefaults, type TeachersCheck } from './ensemble-problems.js';
export { nameSome } from './name-some.js';
export { invalidSpec, resolveSpec, storedSpec } from './resolve-spec.js';
export * from './soft-labels.js';
export { type AskedTeacher, type TrainFromTeachersOptions, trainFromTeachers } from './train-from-teachers.js';
export { type TrainedStudent, type TrainStudentOptions, trainStudent } from './train-student.js';
