export type { InferenceContext } from './context.js';
export { type InferencePluginOptions, inferencePlugin } from './plugin.js';
