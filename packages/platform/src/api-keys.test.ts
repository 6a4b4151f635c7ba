import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/servers.ts';
import { type ApiKeys, createApiKeys } from './api-keys.js';
import { connectDatabase, type Database } from './database/connect.js';

let fresh: TestDatabase;
let database: Database;
let keys: ApiKeys;
beforeAll(async () => {
  fresh = await testDatabase();
  database = connectDatabase(fresh.url);
  keys = createApiKeys(database, { cacheMs: 200, touchEveryMs: 300 });
});
afterAll(async () => {
  await database.close();
  await fresh.drop();
});

describe('API keys', () => {
  it('are shown once and stored as a digest', async () => {
    const { key, ...info } = await keys.create({ name: 'ci', scopes: ['submit'] });
    expect(key).toMatch(/^rt_[A-Za-z0-9_-]{43}$/);
    expect(info).toMatchObject({ name: 'ci', scopes: ['submit'], revokedAt: null, lastUsedAt: null });
    expect(JSON.stringify(await database.prisma.apiKey.findMany())).not.toContain(key.slice(3));
    expect(await keys.verify(key)).toMatchObject({ id: info.id, scopes: ['submit'] });
    expect((await keys.list()).map(({ id }) => id)).toContain(info.id);
  });

  it('are refused when malformed, unknown or revoked', async () => {
    const { key, id } = await keys.create({ name: 'gone', scopes: ['admin'] });
    const other = createApiKeys(database, { cacheMs: 0 });
    for (const wrong of ['', 'rt_', key.slice(1), `${key}x`, `${key} `, `rt_${'A'.repeat(43)}`, "rt_'; --"]) {
      expect(await keys.verify(wrong)).toBeUndefined();
    }
    expect([await keys.verify(key), await other.verify(key)]).toMatchObject([{ id }, { id }]);
    expect(await keys.revoke(id)).toBe(true);
    expect([await keys.verify(key), await other.verify(key)]).toEqual([undefined, undefined]);
    expect([await keys.revoke(id), await keys.revoke('key_unknown')]).toEqual([false, false]);
  });

  it('stop working elsewhere within the time they are believed', async () => {
    const { key, id } = await keys.create({ name: 'elsewhere', scopes: ['infer'] });
    expect(await keys.verify(key)).toBeDefined();
    await createApiKeys(database).revoke(id);
    await sleep(250);
    expect(await keys.verify(key)).toBeUndefined();
  });

  it('note when they were used, not at every use', async () => {
    const { key, id } = await keys.create({ name: 'used', scopes: ['infer'] });
    const always = createApiKeys(database, { cacheMs: 0, touchEveryMs: 300 });
    const lastUsed = async () =>
      (await database.prisma.apiKey.findUniqueOrThrow({ where: { id } })).lastUsedAt?.getTime();
    await Promise.all([always.verify(key), always.verify(key)]);
    const first = await lastUsed();
    expect(Math.abs(first! - Date.now())).toBeLessThan(60_000);
    await always.verify(key);
    expect(await lastUsed()).toBe(first);
    await sleep(350);
    await always.verify(key);
    expect(await lastUsed()).toBeGreaterThan(first!);
  });

  it('need a name and a scope that exists', async () => {
    await expect(keys.create({ name: '', scopes: ['infer'] })).rejects.toMatchObject({ code: 'RT_INVALID_FIELD' });
    await expect(keys.create({ name: 'x', scopes: [] })).rejects.toMatchObject({ code: 'RT_INVALID_FIELD' });
    await expect(keys.create({ name: 'x', scopes: ['root' as 'admin'] })).rejects.toMatchObject({
      code: 'RT_INVALID_FIELD',
    });
  });
});
