import { once } from 'node:events';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { apiPlugin } from '@retort/api';
import { RetortError } from '@retort/contracts';
import { createHttpApp, type HttpApp, serviceChecks } from '@retort/http';
import { inferencePlugin } from '@retort/inference';
import {
  type Context,
  createContext,
  createLogger,
  type Embedded,
  loadConfig,
  migrate,
  startEmbedded,
} from '@retort/platform';
import { type Supervised, supervise } from './supervise.js';

export interface PlatformOptions {
  /** Kept between starts; undefined: a temporary folder that {@link Platform.stop} removes. */
  dataDir?: string;
  /** Default: HOST. */
  host?: string;
  /** 0 takes a free one. Default: PORT. */
  port?: number;
  /** Stops what has been started so far; {@link startPlatform} then rejects with its reason. */
  signal?: AbortSignal;
  /** Configuration of every service; default: the environment of this process. */
  env?: Record<string, string | undefined>;
}

export interface Platform {
  /** `http://host:port`, where both the API and `/infer` answer. */
  url: string;
  dataDir: string;
  /** Where the queues live, for people: `PostgreSQL` or `Redis`. */
  queues: string;
  /** A new admin key, where the database had none in force: the only time it can be seen. */
  adminKey: string | undefined;
  /** Process ids of the workers, by name. */
  workers(): Record<string, number | undefined>;
  /** Hands running jobs back to the queue, closes everything, in order. */
  stop(): Promise<void>;
}

/** Time that a worker gets to hand its job back before it is killed, in ms. */
const WORKER_GRACE = 25_000;

/**
 * Starts the whole platform: embedded servers where no DATABASE_URL is given, then the API and inference in this process
 * (their models run in worker threads), labeler and trainer in a child process each.
 *
 * @throws RetortError `RT_CONFLICT` for a port or data folder in use, `RT_UNAVAILABLE` when a server cannot start
 */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  const goOn = () => options.signal?.throwIfAborted();
  try {
    const { env, embedded } = await prepare(options, closers);
    goOn();
    const config = loadConfig(env);
    await migrate(config.databaseUrl as string);
    const logger = createLogger({ name: 'retort', level: config.logLevel });
    const context = await createContext(config, { service: 'retort', logger });
    closers.push(() => context.close());

    goOn();
    const app = await createApp(context);
    closers.push(() => app.close());
    const url = await listen(app, config.host, config.port);

    const workers = startWorkers(context, env);
    closers.push(() => Promise.all(workers.map((worker) => worker.stop(WORKER_GRACE))));
    await Promise.race([Promise.all(workers.map(({ ready }) => ready)), aborted(options.signal)]);
    goOn();
    return {
      url,
      dataDir: embedded?.dataDir ?? config.dataDir,
      queues: config.redisUrl === undefined ? 'PostgreSQL' : 'Redis',
      adminKey: await firstKey(context),
      workers: () => Object.fromEntries(workers.map(({ name, pid }) => [name, pid])),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Resolves when the signal aborts, never without one. */
function aborted(signal: AbortSignal | undefined): Promise<unknown> {
  return signal === undefined ? new Promise(() => undefined) : once(signal, 'abort');
}

/** The environment that all processes share, with the addresses of what was started for it. */
async function prepare(options: PlatformOptions, closers: (() => Promise<unknown>)[]) {
  const given = options.env ?? process.env;
  const env: Record<string, string | undefined> = { ...given };
  if (options.port !== undefined) env.PORT = String(options.port);
  env.LOG_LEVEL ||= 'warn';
  // Labelling and training take turns on one machine, in processes of low priority: each may use all of it.
  env.LABEL_THREADS ||= String(availableParallelism());
  env.TRAIN_THREADS ||= String(availableParallelism());
  if (options.host !== undefined) env.HOST = options.host;
  if (options.dataDir !== undefined) env.DATA_DIR = options.dataDir;
  let embedded: Embedded | undefined;
  if (!env.DATABASE_URL) {
    embedded = await startEmbedded({
      dataDir: options.dataDir,
      redis: env.REDIS_URL ? 'off' : 'auto',
      onExit: (server, output) => process.stderr.write(`retort: ${server} ended unexpectedly:\n${output}\n`),
    });
    closers.push(embedded.stop);
    env.DATABASE_URL = embedded.databaseUrl;
    env.REDIS_URL ||= embedded.redisUrl;
    env.DATA_DIR = embedded.dataDir;
  }
  env.ARTIFACTS_URL ||= pathToFileURL(join(loadConfig(env).dataDir, 'artifacts')).href;
  return { env, embedded };
}

async function createApp(context: Context): Promise<HttpApp> {
  const { config, keys, metrics, logger } = context;
  const app = await createHttpApp({ config, keys, checks: serviceChecks(context), metrics: metrics.registry, logger });
  await app.register(apiPlugin, { context });
  await app.register(inferencePlugin, { context });
  return app;
}

async function listen(app: HttpApp, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw cause;
    throw new RetortError('RT_CONFLICT', `Port ${port} is in use: give another with --port.`, { cause });
  }
}

function startWorkers({ logger }: Context, env: Record<string, string | undefined>): Supervised[] {
  const require = createRequire(import.meta.url);
  return ['labeler', 'trainer'].map((name) =>
    supervise({
      name,
      script: require.resolve(`@retort/${name}/main`),
      // Their parent watches them: they need no port for their health.
      env: { ...env, WORKER_PORT: undefined },
      onExit: (reason) => logger.warn(reason),
    }),
  );
}

async function firstKey({ keys }: Context): Promise<string | undefined> {
  const present = await keys.list();
  if (present.some(({ scopes, revokedAt }) => scopes.includes('admin') && revokedAt === null)) return undefined;
  const { key } = await keys.create({ name: 'first admin', scopes: ['admin'] });
  return key;
}
