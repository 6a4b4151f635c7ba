export { compressionDefaults } from './compression-defaults.js';
export { compressionDataProblems, compressionProblems, NO_VALIDATION } from './compression-problems.js';
export { compressionSection, floatBeside, stepsTable } from './compression-section.js';
export { type CompressionRows, pruneStudent } from './prune-student.js';
export { type QuantizedStudent, quantizeStudent } from './quantize-student.js';
export { ValidationGate, type ValidationRows } from './validation-gate.js';
