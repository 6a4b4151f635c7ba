import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { RetortError } from '@retort/contracts';
import { Redis } from 'ioredis';
import { freePort } from './free-port.js';
import { type Supervised, startSupervised } from './supervised.js';

/** Oldest Redis that has every command BullMQ uses. */
const MINIMUM = [6, 2] as const;

export interface RedisServer {
  url: string;
  server: Supervised;
}

/** Version of the `redis-server` on PATH; undefined when there is none or it is older than 6.2. */
export async function findRedis(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('redis-server', ['--version'], { timeout: 5_000 });
    const version = /\bv=(\d+)\.(\d+)\.\d+/.exec(stdout);
    if (!version) return undefined;
    const [major, minor] = [Number(version[1]), Number(version[2])];
    const enough = major > MINIMUM[0] || (major === MINIMUM[0] && minor >= MINIMUM[1]);
    return enough ? version[0].slice(2) : undefined;
  } catch {
    return undefined;
  }
}

/** Starts `redis-server` on a free loopback port with a password, as BullMQ wants it (`noeviction`), data in `folder`. */
export async function startRedis(options: {
  folder: string;
  password: string;
  ephemeral: boolean;
}): Promise<RedisServer> {
  const { folder, password, ephemeral } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const configuration = join(folder, 'redis.conf');
    // A file, since arguments can be read by every user of the machine.
    await writeFile(configuration, lines({ port, password, folder, ephemeral }), { mode: 0o600 });
    const server = startSupervised(['redis-server', configuration], {
      stopSignal: 'TERM',
      cwd: folder,
      ...(ephemeral ? { remove: folder } : {}),
    });
    const url = `redis://:${password}@127.0.0.1:${port}`;
    if (await answers(url, server)) return { url, server };
    await server.stop();
    if (attempt === 5) throw new RetortError('RT_UNAVAILABLE', `redis-server does not start: ${server.output()}`);
    await sleep(200 * attempt);
  }
}

function lines(options: { port: number; password: string; folder: string; ephemeral: boolean }): string {
  return [
    'bind 127.0.0.1',
    `port ${options.port}`,
    `requirepass ${options.password}`,
    `dir ${JSON.stringify(options.folder)}`,
    'maxmemory-policy noeviction',
    `appendonly ${options.ephemeral ? 'no' : 'yes'}`,
    'save ""',
    'daemonize no',
    'loglevel warning',
    '',
  ].join('\n');
}

async function answers(url: string, server: Supervised): Promise<boolean> {
  for (const deadline = Date.now() + 30_000; server.exitCode() === undefined && Date.now() < deadline; ) {
    const client = new Redis(url, {
      lazyConnect: true,
      retryStrategy: () => null,
      maxRetriesPerRequest: 0,
      disconnectTimeout: 50,
    });
    client.on('error', () => undefined); // Refused until it listens; the loop tries again.
    try {
      await client.connect();
      await client.ping(); // Refused as well while the append-only file is being loaded.
      await client.quit();
      return true;
    } catch {
      client.disconnect();
      await sleep(20);
    }
  }
  return false;
}
