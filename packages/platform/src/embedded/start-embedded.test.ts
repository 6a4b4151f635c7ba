import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findRedis } from './redis.js';
import { chooseRunAs } from './run-as.js';
import { type Embedded, type EmbeddedOptions, startEmbedded } from './start-embedded.js';

let scratch: string;
const path = process.env.PATH;
const started: Embedded[] = [];

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'retort-embedded-test-'));
  await chmod(scratch, 0o755);
});
afterEach(async () => {
  process.env.PATH = path;
  await Promise.all(started.splice(0).map((embedded) => embedded.stop()));
  await rm(scratch, { recursive: true, force: true });
});

async function start(options: EmbeddedOptions): Promise<Embedded> {
  const embedded = await startEmbedded({ redis: 'off', ...options });
  started.push(embedded);
  return embedded;
}

async function query<T extends pg.QueryResultRow>(url: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return (await client.query<T>(text).finally(() => client.end())).rows;
}

/** Whether somebody listens at the host and port of `url`. */
async function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A process that starts embedded servers from the built package and then does nothing. */
async function startElsewhere(dataDir: string | undefined, ids: { uid?: number; gid?: number } = {}) {
  const options = JSON.stringify({ redis: 'off', ...(dataDir === undefined ? {} : { dataDir }) });
  const script = `
    import { startEmbedded } from '@retort/platform';
    const { databaseUrl, dataDir } = await startEmbedded(${options});
    console.log(JSON.stringify({ databaseUrl, dataDir }));
    setInterval(() => {}, 1000);`;
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...ids,
  });
  let output = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  while (!output.includes('\n')) {
    if (child.exitCode !== null) throw new Error(`The process ended with ${child.exitCode}.`);
    await sleep(20);
  }
  return { child, ...(JSON.parse(output) as { databaseUrl: string; dataDir: string }) };
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 15_000; !(await condition()); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`Not in time: ${condition}`);
  }
}

/** Puts commands that fail before all others, as in a container that forbids what they do. */
async function forbid(...commands: string[]): Promise<void> {
  const folder = join(scratch, `forbidden-${commands.join('-')}`);
  await mkdir(folder);
  for (const command of commands) await writeFile(join(folder, command), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  process.env.PATH = `${folder}${delimiter}${path}`;
}

describe('startEmbedded', () => {
  it('serves from a temporary folder and leaves nothing behind', async () => {
    const { databaseUrl, dataDir, stop } = await start({});
    expect(new URL(databaseUrl).hostname).toBe('127.0.0.1');
    expect(await query(databaseUrl, 'SELECT current_database() AS name')).toEqual([{ name: 'retort' }]);
    const wrong = new URL(databaseUrl);
    wrong.password = 'guess';
    await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow(/password authentication failed/);
    await stop();
    expect([await listens(databaseUrl), existsSync(dataDir)]).toEqual([false, false]);
  });

  it('keeps a data folder for the next start, and to itself', async () => {
    const dataDir = join(scratch, 'data');
    const first = await start({ dataDir });
    await query(first.databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS x');
    expect(await query(first.databaseUrl, "SELECT setting FROM pg_settings WHERE name = 'fsync'")).toEqual([
      { setting: 'on' },
    ]);
    await expect(start({ dataDir })).rejects.toMatchObject({
      code: 'RT_CONFLICT',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await first.stop();
    const exits: string[] = [];
    const second = await start({ dataDir, onExit: (server) => exits.push(server) });
    expect(await query(second.databaseUrl, 'SELECT x FROM kept')).toEqual([{ x: 42 }]);
    process.kill(await postmaster(dataDir), 'SIGKILL');
    await until(() => exits.length > 0);
    expect(exits).toEqual(['postgres']);
  });

  it('stops the servers of a process that is killed', async () => {
    const { child, databaseUrl, dataDir } = await startElsewhere(join(scratch, 'data'));
    await query(databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS x');
    child.kill('SIGKILL');
    await until(async () => !(await listens(databaseUrl)));
    const next = await start({ dataDir });
    expect(await query(next.databaseUrl, 'SELECT x FROM kept')).toEqual([{ x: 42 }]);
  });

  it('removes the temporary folder of a process that is killed', async () => {
    const { child, dataDir } = await startElsewhere(undefined);
    child.kill('SIGKILL');
    // In a sticky /tmp, the server's user may empty root's folder but not remove it; a later start does.
    await until(async () => (await readdir(dataDir).catch(() => [])).length === 0);
    await rm(dataDir, { recursive: true, force: true });
  });

  it('takes over from a server that outlived even its supervisor', async () => {
    const { child, databaseUrl, dataDir } = await startElsewhere(join(scratch, 'data'));
    await query(databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS x');
    for (const pid of await supervisorsOf(await postmaster(dataDir))) killIfThere(pid);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await listens(databaseUrl)).toBe(true);
    const next = await start({ dataDir });
    expect(await listens(databaseUrl)).toBe(false);
    expect(await query(next.databaseUrl, 'SELECT x FROM kept')).toEqual([{ x: 42 }]);
  });

  it('runs a redis-server of this machine with a password, without eviction, and keeps its data', async (context) => {
    if ((await findRedis()) === undefined) context.skip('no redis-server 6.2 or newer on PATH');
    const dataDir = join(scratch, 'data');
    const first = await start({ dataDir, redis: 'auto' });
    const client = new Redis(first.redisUrl!);
    await client.set('kept', '42');
    expect(await client.config('GET', 'maxmemory-policy')).toEqual(['maxmemory-policy', 'noeviction']);
    await client.quit();
    const { host } = new URL(first.redisUrl!);
    const stranger = new Redis(`redis://${host}`, { retryStrategy: () => null, disconnectTimeout: 10 });
    stranger.on('error', () => undefined);
    await expect(stranger.get('kept')).rejects.toThrow(/NOAUTH/);
    stranger.disconnect();
    await first.stop();
    const second = await start({ dataDir, redis: 'auto' });
    const again = new Redis(second.redisUrl!);
    expect(await again.get('kept')).toBe('42');
    await again.quit();
  });
});

describe.runIf(process.getuid?.() === 0 && process.platform === 'linux')('under root', () => {
  /** Only root gets into it, as into /root. */
  async function privateFolder(): Promise<string> {
    const folder = join(scratch, 'private');
    await mkdir(folder, { mode: 0o700 });
    return join(folder, 'data');
  }

  it('runs as an unprivileged user where that user can reach everything', async () => {
    const dataDir = join(scratch, 'data');
    expect(chooseRunAs(join(dataDir, 'postgres'), process.execPath).how).toBe('user');
  });

  it('runs in a user namespace where it cannot', async (context) => {
    const dataDir = await privateFolder();
    if (chooseRunAs(dataDir, process.execPath).how !== 'namespace') context.skip('user namespaces are forbidden here');
    const { databaseUrl, stop } = await start({ dataDir });
    expect(await query(databaseUrl, 'SELECT 1 AS x')).toEqual([{ x: 1 }]);
    await stop();
  });

  it('runs with a capability where namespaces are forbidden, and moves on when they are allowed', async (context) => {
    const dataDir = await privateFolder();
    await forbid('unshare');
    let how: string | undefined;
    try {
      how = chooseRunAs(dataDir, process.execPath).how;
    } catch {
      context.skip('capabilities cannot be handed on here');
    }
    expect(how).toBe('capability');
    const { databaseUrl, stop } = await start({ dataDir });
    await query(databaseUrl, 'CREATE TABLE kept AS SELECT 42 AS x');
    await stop();
    process.env.PATH = path;
    const next = await start({ dataDir });
    expect(await query(next.databaseUrl, 'SELECT x FROM kept')).toEqual([{ x: 42 }]);
  });

  it('copies the binaries where only they are out of reach, and says what would help where all is', async () => {
    await forbid('unshare', 'setpriv');
    const unreachable = await privateFolder();
    expect(chooseRunAs(join(scratch, 'data'), unreachable)).toMatchObject({
      how: 'user',
      copyBinaries: 'beside-data',
    });
    expect(() => chooseRunAs(unreachable, process.execPath)).toThrow(/--data|data folder outside of \/root/);
    await expect(start({ dataDir: unreachable })).rejects.toMatchObject({ code: 'RT_UNAVAILABLE' });
    expect((await readdir(unreachable)).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  it('serves an ordinary user too', async (context) => {
    if (chooseRunAs(import.meta.dirname, process.execPath).how !== 'user') {
      context.skip('the checkout lies where only root can read it');
    }
    const nobody = { uid: 65_534, gid: 65_534 };
    const dataDir = join(scratch, 'theirs');
    await mkdir(dataDir);
    await chown(dataDir, nobody.uid, nobody.gid);
    const { child, databaseUrl } = await startElsewhere(dataDir, nobody);
    expect(await query(databaseUrl, 'SELECT 1 AS x')).toEqual([{ x: 1 }]);
    child.kill('SIGTERM');
    await until(async () => !(await listens(databaseUrl)));
  });
});

async function postmaster(dataDir: string): Promise<number> {
  return Number((await readFile(join(dataDir, 'postgres', 'data', 'postmaster.pid'), 'utf8')).split('\n')[0]);
}

/** Kills a process that may have ended by itself since it was looked up. */
function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The shells around a server: its parent, and that one's other children. */
async function supervisorsOf(pid: number): Promise<number[]> {
  const processes: { pid: number; parent: number }[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    processes.push({ pid: Number(name), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) });
  }
  const parent = processes.find((each) => each.pid === pid)!.parent;
  const siblings = processes.filter((each) => each.parent === parent && each.pid !== pid).map((each) => each.pid);
  const nephews = processes.filter((each) => siblings.includes(each.parent)).map((each) => each.pid);
  return [parent, ...siblings, ...nephews];
}
