import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { RetortError } from '@retort/contracts';
import { startPostgres } from './postgres.js';
import { lockOwner, takeProcessLock } from './process-lock.js';
import { findRedis, startRedis } from './redis.js';
import type { Supervised } from './supervised.js';

export interface EmbeddedOptions {
  /** Kept between starts. Undefined: a temporary folder, removed on stop, without syncing to disk. */
  dataDir?: string;
  /** `auto` (default) runs a `redis-server` of 6.2 or newer found on PATH, for the queues; `off` does not. */
  redis?: 'auto' | 'off';
  /** Told when a server ends that nobody stopped. */
  onExit?: (server: 'postgres' | 'redis', output: string) => void;
}

export interface Embedded {
  /** `postgresql://…` on loopback, with a random password. */
  databaseUrl: string;
  /** Set when Redis runs as well. */
  redisUrl: string | undefined;
  dataDir: string;
  /** Stops the servers cleanly; removes a temporary data folder. Safe to call twice. */
  stop(): Promise<void>;
}

const LOCK = 'embedded.lock';
const PREFIX = 'retort-data-';

/**
 * Starts PostgreSQL from npm (and a `redis-server` of this machine) for one Retort.
 *
 * The servers end when this process does, in whatever way, and the next start repairs what is left otherwise. They run
 * as this user; under root, as an unprivileged one.
 *
 * @throws RetortError `RT_CONFLICT` when another living process uses the data folder, `RT_UNAVAILABLE` when a server
 * cannot be started, with its own words.
 */
export async function startEmbedded(options: EmbeddedOptions = {}): Promise<Embedded> {
  if (process.platform === 'win32') {
    throw new RetortError('RT_UNAVAILABLE', 'Embedded servers need Linux or macOS; set DATABASE_URL, or use WSL.');
  }
  const ephemeral = options.dataDir === undefined;
  const dataDir = options.dataDir === undefined ? await temporaryFolder() : resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const lock = await takeProcessLock(join(dataDir, LOCK));
  if ('heldBy' in lock) {
    const detail = `The data folder ${dataDir} is in use by process ${lock.heldBy}. Stop that one, or choose another folder.`;
    throw new RetortError('RT_CONFLICT', detail);
  }
  const servers: Supervised[] = [];
  const release = async () => {
    await Promise.all(servers.map((server) => server.stop()));
    await (ephemeral ? rm(dataDir, { recursive: true, force: true, maxRetries: 3 }) : lock.release());
  };
  try {
    const password = await keepPassword(join(dataDir, 'embedded.json'));
    const postgres = await startPostgres({
      folder: join(dataDir, 'postgres'),
      password,
      ephemeral,
      ...(ephemeral ? { remove: dataDir } : {}),
    });
    servers.push(postgres.server);
    const useRedis = options.redis !== 'off' && (await findRedis()) !== undefined;
    const redis = useRedis ? await startRedis({ folder: join(dataDir, 'redis'), password, ephemeral }) : undefined;
    if (redis) servers.push(redis.server);

    let stopping: Promise<void> | undefined;
    const watch = (name: 'postgres' | 'redis', server: Supervised) =>
      server.onExit(() => stopping ?? options.onExit?.(name, server.output()));
    watch('postgres', postgres.server);
    if (redis) watch('redis', redis.server);
    return {
      databaseUrl: postgres.url,
      redisUrl: redis?.url,
      dataDir,
      stop() {
        stopping ??= release();
        return stopping;
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The servers' password: random, made on the first start, readable by this user alone. */
async function keepPassword(path: string): Promise<string> {
  try {
    return (JSON.parse(await readFile(path, 'utf8')) as { password: string }).password;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const password = randomBytes(24).toString('base64url');
    await writeFile(path, JSON.stringify({ password }), { mode: 0o600, flag: 'wx' });
    return password;
  }
}

/** A new folder under the system's temporary one; those of processes that were killed are removed on the way. */
async function temporaryFolder(): Promise<string> {
  for (const name of await readdir(tmpdir())) {
    const folder = join(tmpdir(), name);
    const stats = name.startsWith(PREFIX) ? await stat(folder).catch(() => undefined) : undefined;
    // A minute's grace: its owner may not have taken the lock yet, or its servers may be ending.
    if (!stats || stats.mtimeMs > Date.now() - 60_000) continue;
    if ((await lockOwner(join(folder, LOCK))) === undefined) {
      await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }
  const folder = await mkdtemp(join(tmpdir(), PREFIX));
  await chmod(folder, 0o711); // PostgreSQL may run as another user and must get through to its own folder.
  return folder;
}
