export { tfjsWeightPaths } from './graph-def.js';
export { type ImportTfjsOptions, importTfjs, type TfjsSource, type TfReplacement } from './import-tfjs.js';
export type { Lowered, LoweringContext, TfRule } from './lowering.js';
