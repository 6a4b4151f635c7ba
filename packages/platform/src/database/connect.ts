import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from '../generated/prisma/client.js';

/** One connection pool, seen as Prisma's client and, for bulk work, as plain `pg`. */
export interface Database {
  prisma: PrismaClient;
  pool: pg.Pool;
  /** Resolves when the server answers a query; rejects with the driver's error. */
  ping(): Promise<void>;
  /** Disconnects Prisma and ends the pool. Safe to call twice. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  /** Most connections at a time. Default 10. */
  maxConnections?: number;
  /** Called when an idle connection breaks (the server restarted, say); the pool replaces it by itself. */
  onError?: (error: Error) => void;
}

/**
 * Opens the database at `url` (`postgresql://…`). Connects lazily: an unreachable server shows at the first query.
 *
 * Every session runs in UTC: `@prisma/adapter-pg` drops the offset of a `timestamptz`, so in any other time zone each
 * instant would come back shifted.
 */
export function connectDatabase(url: string, options: ConnectOptions = {}): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.maxConnections ?? 10,
    // Then the query fails.
    connectionTimeoutMillis: 10_000,
    onConnect: async (client) => {
      await client.query("SET TIME ZONE 'UTC'");
    },
  });
  let closing: Promise<void> | undefined;
  // Without a listener, a dropped idle connection would end the process. While closing, a connection that the server
  // drops first is no news: the pool's end does not wait until each is gone.
  pool.on('error', (error) => {
    if (closing === undefined) options.onError?.(error);
  });
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: true }) });
  return {
    prisma,
    pool,
    async ping() {
      await pool.query('SELECT 1');
    },
    close() {
      closing ??= prisma.$disconnect().then(() => (pool.ended ? undefined : pool.end()));
      return closing;
    },
  };
}

/** A client of a running transaction (`prisma.$transaction(async (tx) => …)`), or the client itself. */
export type PrismaExecutor = Pick<PrismaClient, '$queryRaw' | '$executeRaw'>;
