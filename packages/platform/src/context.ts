import { mkdir } from 'node:fs/promises';
import { RetortError, VERSION } from '@retort/contracts';
import { type ApiKeys, createApiKeys } from './api-keys.js';
import { openArtifactStore } from './artifacts/open.js';
import type { ArtifactStore } from './artifacts/store.js';
import type { Config } from './config/load.js';
import { connectDatabase, type Database } from './database/connect.js';
import { createQueues } from './queues/create-queues.js';
import type { Queues } from './queues/types.js';
import { createSoftLabelStore, type SoftLabelStore } from './soft-labels.js';
import { createLogger, type Logger } from './telemetry/logger.js';
import { createMetrics, type Metrics } from './telemetry/metrics.js';

/** What every service stands on: one object, made at its start and closed at its end. */
export interface Context {
  config: Config;
  logger: Logger;
  metrics: Metrics;
  database: Database;
  queues: Queues;
  artifacts: ArtifactStore;
  softLabels: SoftLabelStore;
  keys: ApiKeys;
  /** Closes queues and database; what was made from them must be closed before. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Connects a service to database, queues and artifacts, as the configuration says.
 *
 * @param options - `service` names it in logs and metrics; `logger` replaces the default one on standard output.
 * @throws RetortError `RT_UNAVAILABLE` naming what cannot be reached, `RT_INVALID_FIELD` without DATABASE_URL.
 */
export async function createContext(config: Config, options: { service: string; logger?: Logger }): Promise<Context> {
  const { databaseUrl } = config;
  if (databaseUrl === undefined) {
    throw new RetortError('RT_INVALID_FIELD', 'DATABASE_URL is not set; `retort up` starts a database of its own.');
  }
  const logger = options.logger ?? createLogger({ name: options.service, level: config.logLevel });
  await mkdir(config.dataDir, { recursive: true });
  const database = connectDatabase(databaseUrl, {
    onError: (error) => logger.warn({ err: error }, 'a database connection broke'),
  });
  let queues: Queues;
  try {
    await database.ping();
    queues = await createQueues(config, (error) => logger.warn({ err: error }, 'the queue connection is in trouble'));
  } catch (error) {
    await database.close();
    if (error instanceof RetortError) throw error;
    const detail = `The database (DATABASE_URL) cannot be reached: ${(error as Error).message}`;
    throw new RetortError('RT_UNAVAILABLE', detail, { cause: error });
  }
  let closing: Promise<void> | undefined;
  return {
    config,
    logger,
    metrics: createMetrics({ service: options.service, version: VERSION }),
    database,
    queues,
    artifacts: openArtifactStore(config.artifactsUrl),
    softLabels: createSoftLabelStore(database),
    keys: createApiKeys(database),
    close() {
      closing ??= queues.close().finally(() => database.close());
      return closing;
    },
  };
}
