import type { Context } from '@retort/platform';

/** What inference uses of a service's context. */
export type InferenceContext = Pick<Context, 'config' | 'database' | 'artifacts' | 'metrics' | 'logger'>;
