import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, type Context, createContext, createLogger, loadConfig } from '@retort/platform';
import pg from 'pg';
import { inject } from 'vitest';

export interface TestDatabase {
  /** A database of its own, migrated, with the queue schema `retort_queue` in place. */
  url: string;
  drop(): Promise<void>;
}

/** Makes a fresh database; `migrated: false` leaves it empty. Drop it in `afterAll`. */
export async function testDatabase({ migrated = true } = {}): Promise<TestDatabase> {
  const { postgresUrl, template } = inject('servers');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(postgresUrl, `CREATE DATABASE ${name}${migrated ? ` TEMPLATE ${template}` : ''}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => administer(postgresUrl, dropWhenQuiet(name)) };
}

/** How long connections that were closed a moment ago may take to be gone. Cut off, their owners would print errors. */
const QUIET_AFTER = '3 seconds';

function dropWhenQuiet(name: string): string[] {
  const wait = `DO $$
    DECLARE deadline timestamptz := clock_timestamp() + interval '${QUIET_AFTER}';
    BEGIN
      WHILE clock_timestamp() < deadline AND EXISTS (SELECT FROM pg_stat_activity WHERE datname = '${name}') LOOP
        PERFORM pg_sleep(0.02);
        PERFORM pg_stat_clear_snapshot();
      END LOOP;
    END $$`;
  return [wait, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`];
}

async function administer(url: string, statements: string | string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of [statements].flat()) await client.query(statement);
  } finally {
    await client.end();
  }
}

export type QueueBackendName = 'postgres' | 'redis';

/**
 * The backends to run a suite on: `describe.each(queueBackends())('… on $name', ({ name, skip }) => …)`.
 * `skip` is the reason why one cannot be had here: pass it to `context.skip(reason)`.
 */
export function queueBackends(): { name: QueueBackendName; skip: string | undefined }[] {
  const noRedis = inject('servers').redisUrl === undefined;
  return [
    { name: 'postgres', skip: undefined },
    { name: 'redis', skip: noRedis ? 'no Docker, and no redis-server 6.2 or newer on PATH' : undefined },
  ];
}

export interface TestEnvironment {
  /** For child processes: what `loadConfig` reads. */
  env: Record<string, string>;
  config: Config;
  /** Removes the database and the folder. */
  close(): Promise<void>;
}

/**
 * Everything a service needs, of this suite alone: a migrated database, a queue namespace, a data folder. Ports are 0,
 * locks are short. `variables` override the environment.
 */
export async function testEnvironment(
  backend: QueueBackendName = 'postgres',
  variables: Record<string, string> = {},
): Promise<TestEnvironment> {
  const database = await testDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'retort-test-'));
  const { redisUrl } = inject('servers');
  const env: Record<string, string> = {
    DATABASE_URL: database.url,
    DATA_DIR: dataDir,
    PORT: '0',
    INFERENCE_PORT: '0',
    WORKER_PORT: '0',
    LOG_LEVEL: 'warn',
    JOB_BACKOFF_MS: '20',
    JOB_LOCK_MS: '1000',
    JOB_STALLED_INTERVAL_MS: '300',
    ...(backend === 'redis' ? { REDIS_URL: redisUrl!, QUEUE_NAMESPACE: `t_${randomBytes(8).toString('hex')}` } : {}),
    ...variables,
  };
  return {
    env,
    config: loadConfig(env),
    async close() {
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A service's context on a {@link testEnvironment}; closing it removes the environment too. */
export async function testContext(
  backend: QueueBackendName = 'postgres',
  variables: Record<string, string> = {},
): Promise<Context & { env: Record<string, string> }> {
  const environment = await testEnvironment(backend, variables);
  const logger = createLogger({ name: 'test', level: environment.config.logLevel, destination: process.stderr });
  const context = await createContext(environment.config, { service: 'test', logger });
  return {
    ...context,
    env: environment.env,
    async close() {
      await context.close();
      await environment.close();
    },
  };
}
