export { fail } from './terminal/fail.js';
export { bytes, duration, milliseconds, percent } from './terminal/format.js';
export { abortOnInterrupt } from './terminal/interrupt.js';
export { ProgressLines } from './terminal/progress-lines.js';
export { reportTable } from './terminal/report-table.js';
export { type Platform, type PlatformOptions, startPlatform } from './up/start-platform.js';
