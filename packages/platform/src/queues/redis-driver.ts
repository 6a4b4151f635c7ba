import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlowProducer, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { listen, type QueueDriver } from './driver.js';

/** BullMQ's own backend, on Redis 6.2 or newer. `prefix` starts every key. */
export async function openRedisDriver(
  url: string,
  prefix: string,
  onError: (error: Error) => void,
): Promise<QueueDriver> {
  // Few retries: a request that adds a job should hear soon that Redis is down. Workers wait for it as long as it takes.
  const connection = new Redis(url, {
    maxRetriesPerRequest: 3,
    connectTimeout: 5_000,
    lazyConnect: true,
    connectionName: prefix, // For CLIENT LIST.
  });
  connection.on('error', onError);
  try {
    await connection.connect();
  } catch (error) {
    connection.disconnect();
    throw error;
  }
  return {
    backend: 'redis',
    queue: (name) => listen(new Queue(name, { connection, prefix }), onError),
    flow: () => listen(new FlowProducer({ connection, prefix }), onError),
    worker: (name, processor, options) =>
      new Worker(name, processor, {
        ...options,
        connection: { url, maxRetriesPerRequest: null, connectionName: prefix },
        prefix,
      }),
    exclusive: (key, action) => withRedisLock(connection, `${prefix}:lock:${key}`, action),
    async ping() {
      await connection.ping();
    },
    async close() {
      await connection.quit().catch(() => connection.disconnect());
    },
  };
}

/** How long a lock outlives a process that died with it, in milliseconds. Far longer than any action takes. */
const LOCK_TTL = 30_000;
const RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

async function withRedisLock<T>(connection: Redis, key: string, action: () => Promise<T>): Promise<T> {
  const token = randomUUID();
  while ((await connection.set(key, token, 'PX', LOCK_TTL, 'NX')) === null) await sleep(10);
  try {
    return await action();
  } finally {
    await connection.eval(RELEASE, 1, key, token);
  }
}
