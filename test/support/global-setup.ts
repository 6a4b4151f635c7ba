import { createQueues, migrate, startEmbedded } from '@retort/platform';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startRedisContainer } from './redis-container.ts';

/** What the tests get of the servers of this run. */
export interface TestServers {
  /** The PostgreSQL server; its database `template` is migrated and never connected to. */
  postgresUrl: string;
  template: string;
  redisUrl: string | undefined;
}

declare module 'vitest' {
  export interface ProvidedContext {
    servers: TestServers;
  }
}

const TEMPLATE = 'retort_template';

/** Starts real servers once per test run, and a migrated database that each suite copies in some milliseconds. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const redis = await startRedisContainer();
  const servers = await startEmbedded({ redis: redis ? 'off' : 'auto' });
  const template = new URL(servers.databaseUrl);
  template.pathname = `/${TEMPLATE}`;
  const client = new pg.Client({ connectionString: servers.databaseUrl });
  await client.connect();
  await client.query(`CREATE DATABASE ${TEMPLATE}`);
  await client.end();
  await migrate(template.href);
  const queues = await createQueues({
    databaseUrl: template.href,
    queueNamespace: 'retort_queue',
    jobAttempts: 1,
    jobBackoffMs: 1,
    jobLockMs: 1000,
    jobStalledIntervalMs: 1000,
  });
  await queues.close();
  project.provide('servers', {
    postgresUrl: servers.databaseUrl,
    template: TEMPLATE,
    redisUrl: redis?.url ?? servers.redisUrl,
  });
  return async () => {
    await Promise.all([servers.stop(), redis?.stop()]);
  };
}
