export { compressionDefaults } from './compression-defaults.js';
export { compressionProblems } from './compression-problems.js';
export { compressionSection } from './compression-section.js';
export { type CompressionRows, pruneStudent } from './prune-student.js';
export { quantizeStudent } from './quantize-student.js';
