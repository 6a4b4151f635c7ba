import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { newId, RetortError, SCOPES, type Scope } from '@retort/contracts';
import type { Database } from './database/connect.js';

/** A key without its secret. */
export interface ApiKeyInfo {
  id: string;
  name: string;
  scopes: Scope[];
  createdAt: Date;
  lastUsedAt: Date | null;
  revokedAt: Date | null;
}

export interface ApiKeys {
  /** Makes a key; `key` is shown here once and never again. @throws RetortError `RT_INVALID_FIELD`. */
  create(options: { name: string; scopes: readonly Scope[] }): Promise<ApiKeyInfo & { key: string }>;
  /** The key's owner, or undefined for a key that is malformed, unknown or revoked. */
  verify(key: string): Promise<ApiKeyInfo | undefined>;
  /** All keys, oldest first. */
  list(): Promise<ApiKeyInfo[]>;
  /** Revokes at once here, and within `cacheMs` in other processes. False when there is no such key in force. */
  revoke(id: string): Promise<boolean>;
}

export interface ApiKeyOptions {
  /** How long a verified key is believed without asking the database, in milliseconds. Default 1000; 0 always asks. */
  cacheMs?: number;
  /** `lastUsedAt` is written at most this often for each key, in milliseconds. Default 60 000. */
  touchEveryMs?: number;
}

const KEY = /^rt_[A-Za-z0-9_-]{43}$/;
const CACHE_LIMIT = 10_000;

/** Whether a key with these scopes may do what needs `needed`. */
export function hasScope(scopes: readonly Scope[], needed: Scope): boolean {
  return scopes.some((scope) => SCOPES.indexOf(scope) <= SCOPES.indexOf(needed) && SCOPES.includes(scope));
}

/** sha256 suffices at rest, without salt or stretching: a key is 256 random bits, not a password. */
function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** API keys (`rt_` and 43 base64url characters) in the table `ApiKey`. */
export function createApiKeys(database: Pick<Database, 'prisma'>, options: ApiKeyOptions = {}): ApiKeys {
  const { cacheMs = 1000, touchEveryMs = 60_000 } = options;
  const { prisma } = database;
  const verified = new Map<string, { info: ApiKeyInfo; until: number }>();

  async function look(hash: string): Promise<ApiKeyInfo | undefined> {
    const row = await prisma.apiKey.findUnique({ where: { hash } });
    if (!row || row.revokedAt || !timingSafeEqual(Buffer.from(row.hash), Buffer.from(hash))) return undefined;
    await touch(row.id, row.lastUsedAt);
    return toInfo(row);
  }

  async function touch(id: string, lastUsedAt: Date | null): Promise<void> {
    const before = new Date(Date.now() - touchEveryMs);
    if (lastUsedAt && lastUsedAt > before) return;
    // The condition makes one of many concurrent requests write.
    await prisma.apiKey.updateMany({
      where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lte: before } }] },
      data: { lastUsedAt: new Date() },
    });
  }

  return {
    async create({ name, scopes }) {
      if (name.length < 1 || name.length > 128) {
        throw new RetortError('RT_INVALID_FIELD', 'The name of a key must have 1 to 128 characters.');
      }
      if (scopes.length === 0 || scopes.some((scope) => !SCOPES.includes(scope))) {
        throw new RetortError('RT_INVALID_FIELD', `scopes must be one or more of ${SCOPES.join(', ')}.`);
      }
      const key = `rt_${randomBytes(32).toString('base64url')}`;
      const row = await prisma.apiKey.create({
        data: { id: newId('key'), name, scopes: [...new Set(scopes)], hash: hashKey(key) },
      });
      return { ...toInfo(row), key };
    },

    async verify(key) {
      if (!KEY.test(key)) return undefined;
      const hash = hashKey(key);
      const now = Date.now();
      const cached = verified.get(hash);
      if (cached && cached.until > now) return cached.info;
      verified.delete(hash);
      const info = await look(hash);
      if (info && cacheMs > 0) {
        if (verified.size >= CACHE_LIMIT) verified.clear();
        verified.set(hash, { info, until: now + cacheMs });
      }
      return info;
    },

    async list() {
      return (await prisma.apiKey.findMany({ orderBy: { createdAt: 'asc' } })).map(toInfo);
    },

    async revoke(id) {
      const { count } = await prisma.apiKey.updateMany({
        where: { id, revokedAt: null },
        data: { revokedAt: new Date() },
      });
      for (const [hash, { info }] of verified) if (info.id === id) verified.delete(hash);
      return count > 0;
    },
  };
}

function toInfo(row: Omit<ApiKeyInfo, 'scopes'> & { scopes: string[] }): ApiKeyInfo {
  const { id, name, scopes, createdAt, lastUsedAt, revokedAt } = row;
  return { id, name, scopes: scopes as Scope[], createdAt, lastUsedAt, revokedAt };
}
