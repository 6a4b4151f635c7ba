import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, migrationList, openSchemaEngine, SCHEMA } from '../../../../scripts/schema-engine.ts';
import { type TestDatabase, testDatabase } from '../../../../test/support/servers.ts';
import { migrate } from './migrate.js';
import { checksumMatches, MIGRATIONS_FOLDER, migrationChecksum, readMigrations } from './migration-files.js';

let scratch: string;
const databases: TestDatabase[] = [];

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'retort-migrate-'));
});
afterAll(async () => {
  await Promise.all(databases.map((database) => database.drop()));
  await rm(scratch, { recursive: true, force: true });
});

async function empty(): Promise<string> {
  const database = await testDatabase({ migrated: false });
  databases.push(database);
  return database.url;
}

async function query<T extends pg.QueryResultRow>(url: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

/** A folder of migrations: `{'1_first': 'CREATE …'}`. */
async function folderOf(name: string, scripts: Record<string, string>): Promise<string> {
  const folder = join(scratch, name);
  for (const [migration, sql] of Object.entries(scripts)) {
    await mkdir(join(folder, migration), { recursive: true });
    await writeFile(join(folder, migration, 'migration.sql'), sql);
  }
  return folder;
}

const HISTORY = `SELECT * FROM _prisma_migrations ORDER BY started_at`;
/** Everything a table is made of, in PostgreSQL's own words. */
const STRUCTURE = {
  columns: `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull,
                   pg_get_expr(d.adbin, d.adrelid) AS "default"
              FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
              LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
             WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 ORDER BY c.relname, a.attnum`,
  constraints: `SELECT conrelid::regclass::text AS relation, conname, pg_get_constraintdef(oid) AS definition
                  FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2`,
  indexes: `SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`,
};

describe("against Prisma's own schema engine", () => {
  let ours: string;
  let theirs: string;
  let applied: { ours: string[]; theirs: string[] };
  let engine: { ours: Engine; theirs: Engine };

  beforeAll(async () => {
    [ours, theirs] = [await empty(), await empty()];
    engine = { ours: await openSchemaEngine(ours), theirs: await openSchemaEngine(theirs) };
    applied = { ours: await migrate(ours), theirs: await engine.theirs.deploy(await migrationList()) };
  });

  it('applies the same migrations and makes the same tables, the history included', async () => {
    expect(applied.ours).toEqual(applied.theirs);
    expect(applied.ours.length).toBeGreaterThan(0);
    for (const [what, text] of Object.entries(STRUCTURE)) {
      expect({ [what]: await query(ours, text) }).toEqual({ [what]: await query(theirs, text) });
    }
  });

  it('records in _prisma_migrations what Prisma would have recorded', async () => {
    const comparable = async (url: string) =>
      (await query<Record<string, unknown>>(url, HISTORY)).map(({ id, started_at, finished_at, ...rest }) => {
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect((finished_at as Date).getTime()).toBeGreaterThanOrEqual((started_at as Date).getTime());
        return rest;
      });
    expect(await comparable(ours)).toEqual(await comparable(theirs));
  });

  it('is taken up by Prisma, and takes up after Prisma', async () => {
    const list = await migrationList();
    const clean = { editedMigrationNames: [], failedMigrationNames: [], hasMigrationsTable: true, history: null };
    expect(await engine.ours.diagnose(list)).toEqual(clean);
    expect(await engine.ours.deploy(list)).toEqual([]);
    expect(await migrate(theirs)).toEqual([]);
  });

  it('leads to exactly the tables of schema.prisma', async () => {
    const pushed = await empty();
    const sql = await engine.ours.diff(undefined, await readFile(SCHEMA, 'utf8'));
    await query(pushed, sql);
    for (const [what, text] of Object.entries(STRUCTURE)) {
      const rows = (await query<Record<string, string>>(ours, text)).filter(
        (row) => !Object.values(row).some((value) => String(value).includes('_prisma_migrations')),
      );
      expect({ [what]: rows }).toEqual({ [what]: await query(pushed, text) });
    }
  });

  it('leaves a failed migration as Prisma sees one', async () => {
    const url = await empty();
    const folder = await folderOf('failing', {
      '1_good': 'CREATE TABLE a (x int);',
      '2_bad': 'CREATE TABLE b (x int); SELECT 1/0;',
    });
    await expect(migrate(url, { folder })).rejects.toMatchObject({
      code: 'RT_INTERNAL',
      message: expect.stringMatching(/2_bad.*division by zero/),
    });
    expect(await query(url, "SELECT to_regclass('a') IS NOT NULL AS a, to_regclass('b') IS NOT NULL AS b")).toEqual([
      { a: true, b: false },
    ]);
    const { failedMigrationNames } = await (await openSchemaEngine(url)).diagnose(await migrationList(folder));
    expect(failedMigrationNames).toEqual(['2_bad']);
    await expect(migrate(url, { folder })).rejects.toMatchObject({
      code: 'RT_CONFLICT',
      message: expect.stringMatching(/2_bad failed earlier \(division by zero\)/),
    });
    await query(url, `UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '2_bad'`);
    await writeFile(join(folder, '2_bad', 'migration.sql'), 'CREATE TABLE b (x int);');
    expect(await migrate(url, { folder })).toEqual(['2_bad']);
  });
});

describe('migrate', () => {
  it('applies once when many start at the same time', async () => {
    const url = await empty();
    const folder = await folderOf('slow', {
      '1_slow': 'SELECT pg_sleep(0.2); CREATE TABLE a (x int);',
      '2_next': 'SELECT 1;',
    });
    const results = await Promise.all([1, 2, 3, 4].map(() => migrate(url, { folder })));
    expect(results.flat()).toEqual(['1_slow', '2_next']);
    expect(await query(url, HISTORY)).toHaveLength(2);
  });

  it('says who holds it up when the lock is not to be had', async () => {
    const url = await empty();
    const holder = new pg.Client({ connectionString: url });
    await holder.connect();
    await holder.query('SELECT pg_advisory_lock(72707369)');
    await expect(migrate(url, { lockTimeoutMs: 50 })).rejects.toMatchObject({ code: 'RT_UNAVAILABLE' });
    await holder.end();
    expect((await migrate(url)).length).toBeGreaterThan(0);
  });

  it('refuses a changed, an unknown and an unrecorded history', async () => {
    const url = await empty();
    const folder = await folderOf('changed', { '1_a': 'CREATE TABLE a (x int);', '2_b': 'CREATE TABLE b (x int);' });
    await migrate(url, { folder });
    await rm(join(folder, '2_b'), { recursive: true });
    await expect(migrate(url, { folder })).rejects.toMatchObject({
      code: 'RT_CONFLICT',
      message: expect.stringMatching(/2_b.*newer/),
    });
    await writeFile(join(folder, '1_a', 'migration.sql'), 'CREATE TABLE a (y int);');
    await expect(migrate(url, { folder })).rejects.toMatchObject({
      code: 'RT_CONFLICT',
      message: expect.stringMatching(/1_a was changed/),
    });
    await query(url, 'DROP TABLE _prisma_migrations');
    await expect(migrate(url)).rejects.toMatchObject({
      code: 'RT_CONFLICT',
      message: expect.stringMatching(/not empty/),
    });
  });

  it('reads folders in order and fails clearly without a script', async () => {
    const folder = join(scratch, 'copy');
    await cp(MIGRATIONS_FOLDER, folder, { recursive: true });
    const names = (await readMigrations(folder)).map((migration) => migration.name);
    expect(names).toEqual([...names].sort());
    await mkdir(join(folder, '9_nothing'));
    await expect(readMigrations(folder)).rejects.toThrow(/9_nothing/);
  });

  it('forgives other line endings, and nothing else', () => {
    const sql = 'CREATE TABLE a (\n  x int\n);\n';
    const windows = sql.replaceAll('\n', '\r\n');
    expect(checksumMatches(sql, migrationChecksum(windows))).toBe(true);
    expect(checksumMatches(windows, migrationChecksum(sql))).toBe(true);
    expect(checksumMatches(sql, migrationChecksum(`${sql} `))).toBe(false);
    expect(migrationChecksum('SELECT 1;\n')).toBe('b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd');
  });
});
