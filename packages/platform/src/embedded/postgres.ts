import { execFile, execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { chmod, lchown, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { RetortError } from '@retort/contracts';
import pg from 'pg';
import { copyPackage, findPostgresPackage, libraryPath, linkLibraries } from './binaries.js';
import { freePort } from './free-port.js';
import { processStart } from './process-lock.js';
import { chooseRunAs, type RunAs } from './run-as.js';
import { type Supervised, startSupervised } from './supervised.js';

const USER = 'retort';

/** Small, quiet and durable: commits are synced to disk; what is off serves replication and analytics. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '120',
  shared_buffers: '64MB',
  huge_pages: 'off',
  io_method: 'sync',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '512MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
};

/** For data that is thrown away anyway. */
const EPHEMERAL_SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

export interface PostgresServer {
  url: string;
  server: Supervised;
}

export interface PostgresOptions {
  /** Everything of the server lies here. */
  folder: string;
  password: string;
  ephemeral: boolean;
  /** Removed when the server ends; for ephemeral data. */
  remove?: string;
}

interface Installation {
  bin: string;
  env: NodeJS.ProcessEnv;
  runAs: RunAs;
  data: string;
  /** Temporary folder with the binaries, if they had to be copied away from the data. */
  copy: string | undefined;
}

/**
 * Starts PostgreSQL on a free loopback port, making its cluster on the first start, and creates the database `retort`.
 * The caller holds the lock of the data folder, so a server found running there is an orphan, and is stopped.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { folder } = options;
  await mkdir(folder, { recursive: true });
  const installation = await install(folder);
  const { owner } = installation.runAs;
  // So that the supervisor, who is the server's user, can remove what Retort could not.
  if (options.remove !== undefined && owner) await lchown(options.remove, owner.uid, owner.gid);
  try {
    await stopOrphan(installation.data);
    if (!(await exists(join(installation.data, 'PG_VERSION')))) await initialise(installation, options);
    await own(installation.data, installation.runAs);
    return await serve(installation, options);
  } catch (error) {
    if (installation.copy !== undefined) await rm(installation.copy, { recursive: true, force: true });
    throw error;
  }
}

async function serve(installation: Installation, options: PostgresOptions): Promise<PostgresServer> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const server = startServer(installation, options, port);
    if (await becomesReady(installation.data, server)) {
      const url = (database: string) => `postgresql://${USER}:${options.password}@127.0.0.1:${port}/${database}`;
      try {
        await createDatabase(url('postgres'));
        return { url: url(USER), server };
      } catch (error) {
        await server.stop();
        throw error;
      }
    }
    // Another program took the port, or the kernel still holds what a killed server left.
    if (attempt === 5) throw new RetortError('RT_UNAVAILABLE', `PostgreSQL does not start: ${server.output()}`);
    await sleep(200 * attempt);
  }
}

async function install(folder: string): Promise<Installation> {
  const found = await findPostgresPackage();
  const runAs = chooseRunAs(folder, join(found.native, 'bin', 'postgres'));
  if (runAs.owner) {
    await chmod(folder, 0o700);
    await lchown(folder, runAs.owner.uid, runAs.owner.gid);
  }
  // A copy elsewhere than with the data is made for one run, and removed with it.
  const copy = runAs.copyBinaries === 'to-temporary' ? await mkdtemp(join(tmpdir(), 'retort-postgres-')) : undefined;
  if (copy !== undefined) await chmod(copy, 0o755);
  const native = runAs.copyBinaries ? await copyPackage(found, copy ?? folder) : found.native;
  const libraries = join(folder, 'lib');
  await linkLibraries(native, libraries);
  if (runAs.owner) await lchown(libraries, runAs.owner.uid, runAs.owner.gid);
  const env = { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC', ...libraryPath(libraries) };
  return { bin: join(native, 'bin'), env, runAs, data: join(folder, 'data'), copy };
}

/** Makes the cluster beside its place and moves it there whole, so that an interrupted first start leaves nothing. */
async function initialise(
  { bin, env, runAs, data }: Installation,
  { password, ephemeral }: PostgresOptions,
): Promise<void> {
  const temporary = `${data}.new`;
  const passwordFile = `${data}.password`;
  await rm(temporary, { recursive: true, force: true });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (runAs.owner) await lchown(passwordFile, runAs.owner.uid, runAs.owner.gid);
  const [command, ...args] = runAs.wrap([
    ...[join(bin, 'initdb'), '--pgdata', temporary, '--username', USER, '--pwfile', passwordFile],
    ...['--auth', 'scram-sha-256', '--encoding', 'UTF8', '--locale-provider', 'builtin', '--locale', 'C.UTF-8'],
    ...['--no-instructions', ...(ephemeral ? ['--no-sync'] : [])],
  ]);
  try {
    await promisify(execFile)(command!, args, { env, cwd: '/', ...runAs.ids });
    await rename(temporary, data);
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new RetortError('RT_UNAVAILABLE', `PostgreSQL cannot set up its data folder: ${stderr || message}`, {
      cause: error,
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
}

function startServer(
  { bin, env, runAs, data, copy }: Installation,
  options: PostgresOptions,
  port: number,
): Supervised {
  const remove = options.remove ?? copy;
  const settings = { ...SETTINGS, ...(options.ephemeral ? EPHEMERAL_SETTINGS : {}), port: String(port) };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return startSupervised(runAs.wrap([join(bin, 'postgres'), '-D', data, ...flags]), {
    stopSignal: 'INT',
    env,
    cwd: '/',
    ...runAs.ids,
    ...(remove === undefined ? {} : { remove }),
  });
}

/** `postmaster.pid` says `ready` in its eighth line once connections are taken. False when the server has ended. */
async function becomesReady(data: string, server: Supervised): Promise<boolean> {
  const deadline = Date.now() + 60_000;
  while (server.exitCode() === undefined) {
    const lines = (await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
    if (lines[7]?.trim() === 'ready') return true;
    if (Date.now() > deadline) {
      await server.stop();
      return false;
    }
    await sleep(20);
  }
  return false;
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [USER]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${USER}`);
  } finally {
    await client.end();
  }
}

/** Ends a server that outlived its Retort and its supervisor, or waits for one that is ending already. */
async function stopOrphan(data: string): Promise<void> {
  const pid = Number((await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0]);
  if (!(pid > 1)) return;
  for (const [signal, seconds] of [
    ['SIGINT', 20],
    ['SIGQUIT', 5],
    ['SIGKILL', 2],
  ] as const) {
    if (!isPostgres(pid, data)) return;
    process.kill(pid, signal);
    for (let waited = 0; waited < seconds * 20 && isPostgres(pid, data); waited++) await sleep(50);
  }
}

/** Whether `pid` is a living server of this data folder, and not a later process. */
function isPostgres(pid: number, data: string): boolean {
  if (processStart(pid) === undefined) return false;
  try {
    if (process.platform === 'linux') return readlinkSync(`/proc/${pid}/cwd`) === data;
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes(`-D ${data} `);
  } catch {
    return false;
  }
}

/** PostgreSQL insists on owning its folder; a data folder that was used under another arrangement is handed over. */
async function own(data: string, { owner }: RunAs): Promise<void> {
  if (!owner || (await stat(data)).uid === owner.uid) return;
  await lchown(data, owner.uid, owner.gid);
  for (const entry of await readdir(data, { recursive: true })) await lchown(join(data, entry), owner.uid, owner.gid);
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
