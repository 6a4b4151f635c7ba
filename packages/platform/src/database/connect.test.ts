import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../test/support/servers.ts';
import { connectDatabase } from './connect.js';

let fresh: TestDatabase;
beforeAll(async () => {
  fresh = await testDatabase();
  const client = new pg.Client({ connectionString: fresh.url });
  await client.connect();
  await client.query(`ALTER DATABASE ${new URL(fresh.url).pathname.slice(1)} SET timezone = 'America/New_York'`);
  await client.end();
});
afterAll(() => fresh.drop());

describe('connectDatabase', () => {
  it('keeps instants through Prisma and through SQL, whatever time zone the database is in', async () => {
    const database = connectDatabase(fresh.url);
    const createdAt = new Date('2026-07-01T12:34:56.789Z');
    const updatedAt = createdAt;
    await database.prisma.task.create({ data: { name: 'a', createdAt, updatedAt } });
    expect(await database.prisma.task.findUnique({ where: { name: 'a' } })).toMatchObject({ createdAt, updatedAt });
    await database.pool.query(`UPDATE "Task" SET "updatedAt" = now()`);
    const task = await database.prisma.task.findUniqueOrThrow({ where: { name: 'a' } });
    expect(Math.abs(task.updatedAt.getTime() - Date.now())).toBeLessThan(60_000);
    const rows = await database.prisma.$queryRaw<{ updatedAt: Date }[]>`SELECT "updatedAt" FROM "Task"`;
    expect(rows).toEqual([{ updatedAt: task.updatedAt }]);
    await database.close();
  });

  it('survives the loss of its connections', async () => {
    const errors: Error[] = [];
    const database = connectDatabase(fresh.url, { onError: (error) => errors.push(error), maxConnections: 2 });
    await database.ping();
    const killer = new pg.Client({ connectionString: fresh.url });
    await killer.connect();
    await killer.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    await killer.end();
    while (errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(errors[0]!.message).toMatch(/terminating connection/);
    expect(await database.prisma.task.count()).toBe(1);
    await database.close();
    await database.close();
    await expect(database.ping()).rejects.toThrow(/end/);
  });

  it('tells at the first query that there is no server', async () => {
    const database = connectDatabase('postgresql://127.0.0.1:1/nothing');
    await expect(database.ping()).rejects.toThrow(/ECONNREFUSED/);
    await database.close();
  });
});
