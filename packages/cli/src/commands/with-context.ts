import type { Context, Embedded } from '@retort/platform';

/**
 * Runs one administrative action against the database that the environment names, or against the embedded one of a data
 * folder that nothing else is using.
 *
 * @throws RetortError `RT_CONFLICT` while `retort up` runs on the folder
 */
export async function withContext<T>(data: string | undefined, action: (context: Context) => Promise<T>): Promise<T> {
  const { createContext, createLogger, loadConfig, migrate, startEmbedded } = await import('@retort/platform');
  const env: Record<string, string | undefined> = { ...process.env };
  let embedded: Embedded | undefined;
  if (data !== undefined) {
    embedded = await startEmbedded({ dataDir: data, redis: 'off' });
    Object.assign(env, { DATABASE_URL: embedded.databaseUrl, REDIS_URL: undefined, DATA_DIR: embedded.dataDir });
  }
  try {
    const config = loadConfig(env);
    if (embedded !== undefined) await migrate(embedded.databaseUrl);
    const logger = createLogger({ name: 'retort', level: 'warn', destination: process.stderr });
    const context = await createContext(config, { service: 'cli', logger });
    try {
      return await action(context);
    } finally {
      await context.close();
    }
  } finally {
    await embedded?.stop();
  }
}
