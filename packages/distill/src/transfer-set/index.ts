export { teacherAnswers } from './answers.js';
export { estimateTeacherQueries, mostRows } from './estimate.js';
export { type GenerateOptions, generateTransferSet, type TransferSet } from './generate.js';
export { type Selected, selectTransferRows } from './select.js';
