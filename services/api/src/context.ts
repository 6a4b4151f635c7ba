import type { Context } from '@retort/platform';

/** What the API uses of a service's context. */
export type ApiContext = Pick<Context, 'config' | 'database' | 'queues' | 'artifacts' | 'keys' | 'metrics' | 'logger'>;
