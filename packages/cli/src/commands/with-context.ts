import type { Context } from '@retort/platform';

/** Runs one administrative action against the database that the environment names. */
export async function withContext<T>(action: (context: Context) => Promise<T>): Promise<T> {
  const { createContext, createLogger, loadConfig } = await import('@retort/platform');
  const config = loadConfig(process.env);
  const logger = createLogger({ name: 'retort', level: 'warn', destination: process.stderr });
  const context = await createContext(config, { service: 'cli', logger });
  try {
    return await action(context);
  } finally {
    await context.close();
  }
}
