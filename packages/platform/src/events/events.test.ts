import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../test/support/servers.ts';
import { connectDatabase, type Database } from '../database/connect.js';
import { appendEvent } from './append-event.js';
import { readEvents } from './read-events.js';

describe('events', () => {
  let fresh: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    fresh = await testDatabase();
    database = connectDatabase(fresh.url);
  });
  afterAll(async () => {
    await database.close();
    await fresh.drop();
  });

  it('reads back what was appended, after a given id, one subject at a time', async () => {
    const { prisma } = database;
    await appendEvent(prisma, 'a', 'status', { status: 'queued' });
    const second = await appendEvent(prisma, 'a', 'status', { status: 'running', stage: 'labelling', attempt: 1 });
    await appendEvent(prisma, 'b', 'metrics', { accuracy: 0.5 });
    const events = await readEvents(prisma, 'a');
    expect(events.map((event) => event.data)).toEqual([
      { status: 'queued' },
      { status: 'running', stage: 'labelling', attempt: 1 },
    ]);
    expect(await readEvents(prisma, 'a', events[0]!.id)).toEqual([events[1]]);
    expect(await readEvents(prisma, 'a', second)).toEqual([]);
    expect(await readEvents(prisma, 'a', 'no number')).toHaveLength(2);
    expect(Math.abs(Date.parse(events[0]!.at) - Date.now())).toBeLessThan(60_000);
  });

  it('shows a reader no later event of a subject before an earlier one', async () => {
    const { prisma } = database;
    let seen: string[] = [];
    let writing = true;
    const reader = (async () => {
      while (writing) {
        const next = await readEvents(prisma, 'race', seen.at(-1) ?? '0');
        seen = [...seen, ...next.map((event) => event.id)];
      }
    })();
    // The transactions commit in any order, some of them long after they drew their id.
    await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        prisma.$transaction(async (tx) => {
          await appendEvent(tx, 'race', 'status', { status: 'running', attempt: index });
          await tx.$executeRaw`SELECT pg_sleep(${(index % 4) / 200})`;
        }),
      ),
    );
    writing = false;
    await reader;
    const all = (await readEvents(prisma, 'race')).map((event) => event.id);
    expect(all).toHaveLength(30);
    expect(seen.concat(all.filter((id) => BigInt(id) > BigInt(seen.at(-1) ?? 0)))).toEqual(all);
  });

  it('forgets an event whose transaction fails', async () => {
    const { prisma } = database;
    const failing = prisma.$transaction(async (tx) => {
      await appendEvent(tx, 'rolled-back', 'status', { status: 'running' });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await readEvents(prisma, 'rolled-back')).toEqual([]);
  });
});
