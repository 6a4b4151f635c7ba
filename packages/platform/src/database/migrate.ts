import { randomUUID } from 'node:crypto';
import { RetortError } from '@retort/contracts';
import pg from 'pg';
import { checksumMatches, type MigrationFile, readMigrations } from './migration-files.js';

/** The table and the lock that Prisma's own `prisma migrate` uses, so that both tools see the same history. */
const CREATE_TABLE = `CREATE TABLE _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;
const ADVISORY_LOCK = 72_707_369;

interface MigrationRow {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
  rolled_back_at: Date | null;
  logs: string | null;
}

export interface MigrateOptions {
  /** Folder of migrations. Default: `prisma/migrations` of this repository. */
  folder?: string;
  /** Milliseconds to wait for another migration to finish. Default 60 000. */
  lockTimeoutMs?: number;
}

/**
 * Brings the database up to date: executes every `migration.sql` that is not recorded in `_prisma_migrations`, in the
 * order of names, each in its own implicit transaction, under Prisma's advisory lock (concurrent runners wait and then
 * find nothing to do). Records what Prisma's schema engine would.
 *
 * @returns the names of the migrations applied now; empty when there was nothing to do.
 * @throws RetortError `RT_CONFLICT` when an applied migration was changed or is missing from the folder, when an earlier
 * one failed, or when the database holds tables but no history; `RT_UNAVAILABLE` when the lock is not had in time;
 * `RT_INTERNAL` when a script fails (nothing of that script remains).
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<string[]> {
  const migrations = await readMigrations(options.folder);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined); // A lost connection also rejects the query that waits on it.
  await client.connect();
  try {
    await lock(client, options.lockTimeoutMs ?? 60_000);
    const pending = await findPending(client, migrations);
    for (const migration of pending) await apply(client, migration);
    return pending.map((migration) => migration.name);
  } finally {
    await client.end(); // Ends the session, which releases the lock.
  }
}

async function lock(client: pg.Client, timeoutMs: number): Promise<void> {
  await client.query(`SET lock_timeout = ${Math.max(1, Math.trunc(timeoutMs))}`);
  try {
    await client.query('SELECT pg_advisory_lock($1)', [ADVISORY_LOCK]);
  } catch (error) {
    if ((error as { code?: string }).code !== '55P03') throw error;
    throw new RetortError(
      'RT_UNAVAILABLE',
      `Another process has been migrating the database for ${timeoutMs} ms; wait for it or end it, then try again.`,
      { cause: error },
    );
  }
  await client.query('SET lock_timeout = 0');
}

async function findPending(client: pg.Client, migrations: MigrationFile[]): Promise<MigrationFile[]> {
  const rows = await readHistory(client);
  const files = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const row of rows) {
    if (row.rolled_back_at !== null) continue;
    if (row.finished_at === null) {
      throw new RetortError(
        'RT_CONFLICT',
        `Migration ${row.migration_name} failed earlier${row.logs ? ` (${row.logs})` : ''}. Repair the database, then run ` +
          `\`prisma migrate resolve --rolled-back ${row.migration_name}\` or set rolled_back_at on its row in _prisma_migrations.`,
      );
    }
    const file = files.get(row.migration_name);
    if (!file) {
      throw new RetortError(
        'RT_CONFLICT',
        `The database has migration ${row.migration_name}, which this version does not know: it was migrated by a newer one.`,
      );
    }
    if (!checksumMatches(file.sql, row.checksum)) {
      throw new RetortError(
        'RT_CONFLICT',
        `Migration ${row.migration_name} was changed after it had been applied (sha256 ${row.checksum} then, ` +
          `${file.checksum} now). Restore the file and put the change into a new migration.`,
      );
    }
  }
  const applied = new Set(
    rows.filter((row) => row.finished_at && !row.rolled_back_at).map((row) => row.migration_name),
  );
  return migrations.filter((migration) => !applied.has(migration.name));
}

async function readHistory(client: pg.Client): Promise<MigrationRow[]> {
  const { rows: tables } = await client.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables
      WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'`,
  );
  if (tables.some((table) => table.name === '_prisma_migrations')) {
    const history = await client.query<MigrationRow>(
      `SELECT migration_name, checksum, finished_at, rolled_back_at, logs FROM _prisma_migrations ORDER BY started_at`,
    );
    return history.rows;
  }
  if (tables.length > 0) {
    throw new RetortError(
      'RT_CONFLICT',
      `The database is not empty (${tables.length} tables, for example "${tables[0]!.name}") and has no migration history. ` +
        'Point DATABASE_URL at an empty database.',
    );
  }
  await client.query(CREATE_TABLE);
  return [];
}

async function apply(client: pg.Client, migration: MigrationFile): Promise<void> {
  const id = randomUUID();
  await client.query(
    'INSERT INTO _prisma_migrations (id, checksum, started_at, migration_name) VALUES ($1, $2, $3, $4)',
    [id, migration.checksum, new Date(), migration.name],
  );
  try {
    // Without parameters `pg` uses the simple query protocol: many statements, one implicit transaction.
    await client.query(migration.sql);
  } catch (error) {
    await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, (error as Error).message]);
    throw new RetortError('RT_INTERNAL', `Migration ${migration.name} failed: ${(error as Error).message}`, {
      cause: error,
    });
  }
  await client.query('UPDATE _prisma_migrations SET applied_steps_count = applied_steps_count + 1 WHERE id = $1', [id]);
  await client.query('UPDATE _prisma_migrations SET finished_at = $2 WHERE id = $1', [id, new Date()]);
}
