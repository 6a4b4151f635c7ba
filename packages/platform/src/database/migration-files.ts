import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RetortError } from '@retort/contracts';

/** One folder of `prisma/migrations`. */
export interface MigrationFile {
  /** Folder name, `<timestamp>_<what>`; the order of application is the order of names. */
  name: string;
  sql: string;
  /** sha256 of the file, hex: what Prisma records. */
  checksum: string;
}

/** `prisma/migrations` of this repository; the same for `src` and `dist`. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../../../prisma/migrations', import.meta.url));

/** sha256 of a migration's text as lower-case hex, like Prisma's schema engine. */
export function migrationChecksum(sql: string): string {
  return createHash('sha256').update(sql).digest('hex');
}

/** Whether `recorded` is the checksum of `sql` under any line endings: git may rewrite those, and Prisma forgives it too. */
export function checksumMatches(sql: string, recorded: string): boolean {
  const unix = sql.replaceAll('\r\n', '\n');
  return [sql, unix, unix.replaceAll('\n', '\r\n')].some((text) => migrationChecksum(text) === recorded);
}

/** Reads all migrations in order. @throws RetortError `RT_INTERNAL` when the folder or a `migration.sql` is missing. */
export async function readMigrations(folder: string = MIGRATIONS_FOLDER): Promise<MigrationFile[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    return await Promise.all(
      names.sort().map(async (name) => {
        const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
        return { name, sql, checksum: migrationChecksum(sql) };
      }),
    );
  } catch (error) {
    throw new RetortError('RT_INTERNAL', `Cannot read the migrations in ${folder}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
