export type { ApiContext } from './context.js';
export { type ApiPluginOptions, apiPlugin } from './plugin.js';
