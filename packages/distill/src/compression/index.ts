export { compressionDefaults } from './compression-defaults.js';
export { compressionProblems, NO_VALIDATION } from './compression-problems.js';
export { compressionSection } from './compression-section.js';
export { type CompressionRows, pruneStudent } from './prune-student.js';
export { quantizeStudent } from './quantize-student.js';
