import { FlowProducer, Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { QueueDriver } from './driver.js';

/** BullMQ's own backend, on Redis 6.2 or newer. `prefix` starts every key. */
export async function openRedisDriver(
  url: string,
  prefix: string,
  onError: (error: Error) => void,
): Promise<QueueDriver> {
  // Few retries: a request that adds a job should hear soon that Redis is down. Workers wait for it as long as it takes.
  const connection = new Redis(url, { maxRetriesPerRequest: 3, connectTimeout: 5_000, lazyConnect: true });
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
      new Worker(name, processor, { ...options, connection: { url, maxRetriesPerRequest: null }, prefix }),
    async ping() {
      await connection.ping();
    },
    async close() {
      await connection.quit().catch(() => connection.disconnect());
    },
  };
}

function listen<T extends { on(event: 'error', listener: (error: Error) => void): unknown }>(
  emitter: T,
  onError: (error: Error) => void,
): T {
  emitter.on('error', onError);
  return emitter;
}
