import { MAX_MODEL_BYTES, MAX_TEXT_CHARACTERS } from '@retort/contracts';
import { type Static, Type } from 'typebox';

const Port = (options: { default: number; description: string }) =>
  Type.Integer({ minimum: 0, maximum: 65_535, ...options });
const Count = (options: { default: number; description: string; minimum?: number; maximum?: number }) =>
  Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER, ...options });
const Milliseconds = (options: { default: number; description: string; minimum: number }) =>
  Type.Integer({ maximum: 86_400_000, ...options });

/**
 * Every environment variable that Retort reads: type, limits, default and meaning. `loadConfig` validates against it and
 * the README's table is made from it ({@link listVariables}), so neither can drift from the other.
 */
export const Variables = Type.Object({
  HOST: Type.String({ minLength: 1, default: '127.0.0.1', description: 'Address that the HTTP services listen on.' }),
  PORT: Port({ default: 8080, description: 'Port of the API; 0 takes a free one.' }),
  INFERENCE_PORT: Port({ default: 8081, description: 'Port of the inference service; 0 takes a free one.' }),
  WORKER_PORT: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description:
        'Port on which a labeler or trainer answers /healthz, /readyz and /metrics. Unset: it answers nowhere.',
    }),
  ),
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://',
      description: 'PostgreSQL 14 or newer. Unset: `retort up` starts the embedded server under DATA_DIR.',
    }),
  ),
  REDIS_URL: Type.Optional(
    Type.String({
      pattern: '^rediss?://',
      description: 'Redis 6.2 or newer with `maxmemory-policy noeviction`. Unset: the queues live in PostgreSQL.',
    }),
  ),
  QUEUE_NAMESPACE: Type.String({
    pattern: '^[a-z_][a-z0-9_]{0,47}$',
    default: 'retort_queue',
    description: 'Prefix of the queue keys in Redis, or schema of the queue tables in PostgreSQL.',
  }),
  DATA_DIR: Type.String({
    minLength: 1,
    default: '.retort',
    description: 'Folder of everything that is kept on disk.',
  }),
  ARTIFACTS_URL: Type.Optional(
    Type.String({
      pattern: '^file://',
      description: 'Where datasets and models are kept, as a `file:///…` folder. Unset: `artifacts` under DATA_DIR.',
    }),
  ),
  MODEL_ROOTS: Type.Array(Type.String(), {
    default: [],
    description: 'Folders that teachers may be registered from by path, separated like PATH. Empty: none.',
  }),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'Least severe level that is logged.',
  }),
  AUTH: Type.Boolean({ default: true, description: 'Whether requests need an API key.' }),
  TRUST_PROXY: Type.Boolean({ default: false, description: 'Whether to believe X-Forwarded-For (behind a proxy).' }),
  RATE_LIMIT_PER_MINUTE: Type.Integer({
    minimum: 0,
    maximum: 100_000_000,
    default: 60_000,
    description: 'Requests a minute for each API key (or address, without keys); 0 lifts the limit.',
  }),
  MAX_BODY_BYTES: Count({ default: 1_048_576, description: 'Largest JSON body.' }),
  MAX_DATASET_BYTES: Count({ default: 4_294_967_296, description: 'Largest dataset upload.' }),
  MAX_TEACHER_BYTES: Count({
    default: MAX_MODEL_BYTES,
    maximum: MAX_MODEL_BYTES,
    description: 'Largest sum of the files of a teacher.',
  }),
  MAX_DATASET_ROWS: Count({ default: 2_000_000, maximum: 2_147_483_647, description: 'Most rows of one dataset.' }),
  MAX_TEXT_CHARACTERS: Count({
    default: MAX_TEXT_CHARACTERS,
    maximum: MAX_TEXT_CHARACTERS,
    description: 'Longest text of a row or request.',
  }),
  MAX_BATCH_SIZE: Count({ default: 256, maximum: 256, description: 'Most inputs of one `/infer` or predict request.' }),
  LABEL_CONCURRENCY: Count({ default: 1, maximum: 256, description: 'Shards that one labeler works on at a time.' }),
  LABEL_SHARD_ROWS: Count({ default: 1024, maximum: 1_000_000, description: 'Texts in one labelling job.' }),
  LABEL_THREADS: Count({ default: 1, maximum: 512, description: 'CPU threads of each teacher session in a labeler.' }),
  TRAIN_CONCURRENCY: Count({ default: 1, maximum: 64, description: 'Students that one trainer trains at a time.' }),
  TRAIN_THREADS: Count({ default: 1, maximum: 512, description: 'CPU threads of each training session.' }),
  CHECKPOINT_SECONDS: Type.Integer({
    minimum: 0,
    maximum: 86_400,
    default: 30,
    description: 'Seconds of training after which its state is kept under DATA_DIR; 0 keeps it after every step.',
  }),
  MAX_LOADED_MODELS: Count({ default: 16, maximum: 10_000, description: 'Models that one process keeps in memory.' }),
  INFERENCE_THREADS: Count({ default: 1, maximum: 512, description: 'CPU threads of each session that serves.' }),
  JOB_ATTEMPTS: Count({ default: 3, maximum: 100, description: 'Times a job is tried before it counts as failed.' }),
  JOB_BACKOFF_MS: Milliseconds({
    minimum: 1,
    default: 1000,
    description: 'Wait before the second attempt; it doubles after.',
  }),
  JOB_LOCK_MS: Milliseconds({
    minimum: 500,
    default: 15_000,
    description: 'How long a worker may be silent before its job counts as stalled.',
  }),
  JOB_STALLED_INTERVAL_MS: Milliseconds({
    minimum: 100,
    default: 5_000,
    description: 'How often stalled jobs are looked for.',
  }),
  SHUTDOWN_TIMEOUT_MS: Milliseconds({
    minimum: 0,
    default: 5_000,
    description: 'How long running jobs may finish at shutdown before they are aborted and left to another attempt.',
  }),
});

export type Variables = Static<typeof Variables>;
