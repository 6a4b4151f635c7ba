import { createPostgresBackend, runMigrations, withBackend } from 'bullmq';
import pg from 'pg';
import { listen, type QueueDriver } from './driver.js';

/**
 * BullMQ's PostgreSQL backend. `schema` holds its tables and is created or upgraded here, once, under BullMQ's own
 * advisory lock; everything made afterwards only checks it.
 */
export async function openPostgresDriver(
  url: string,
  schema: string,
  onError: (error: Error) => void,
): Promise<QueueDriver> {
  await withConnection(url, (client) => runMigrations(client, schema));
  const options = { connectionString: url, schema, connectionTimeoutMillis: 5_000 };
  // Queues and the flow producer share one small pool; each worker needs its own LISTEN connection anyway.
  const shared = createPostgresBackend('', { connection: { ...options, max: 4 } });
  shared.on('error', onError);
  await shared.waitUntilReady();
  const producers = withBackend((name: string) => shared.forQueue(name));
  const consumers = withBackend(createPostgresBackend);
  return {
    backend: 'postgres',
    queue: (name) => listen(new producers.Queue(name, { connection: options }), onError),
    flow: () => listen(new producers.FlowProducer({ connection: options }), onError),
    worker: (name, processor, workerOptions) =>
      new consumers.Worker(name, processor, { ...workerOptions, connection: { ...options, max: 3 } }),
    exclusive: (key, action) =>
      withConnection(url, async (client) => {
        // Released when the session ends, which a crash does as well.
        await client.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [`${schema}.${key}`]);
        return await action();
      }),
    async ping() {
      await shared.getQueueMeta();
    },
    async close() {
      await shared.close();
    },
  };
}

async function withConnection<T>(url: string, action: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined); // A lost connection also rejects the query that waits on it.
  await client.connect();
  try {
    return await action(client);
  } finally {
    await client.end();
  }
}
