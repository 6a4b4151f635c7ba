export * from './api-keys.js';
export * from './artifacts/canonical-rows.js';
export * from './artifacts/folder-store.js';
export * from './artifacts/folders.js';
export * from './artifacts/model-folders.js';
export * from './artifacts/open.js';
export * from './artifacts/store.js';
export * from './config/load.js';
export * from './config/variables.js';
export * from './context.js';
export * from './database/connect.js';
export * from './database/migrate.js';
export { readMigrations } from './database/migration-files.js';
export * from './embedded/start-embedded.js';
export * from './events/append-event.js';
export * from './events/read-events.js';
export type {
  Alias,
  AliasChange,
  ApiKey,
  Dataset,
  Distillation,
  Event,
  LabelShard,
  ModelVersion,
  SoftLabel,
  Task,
  Teacher,
  Trial,
} from './generated/prisma/client.js';
export { Prisma, PrismaClient } from './generated/prisma/client.js';
export * from './lifecycle/index.js';
export * from './queues/create-queues.js';
export { JobInterrupted } from './queues/job-interrupted.js';
export * from './queues/retry.js';
export * from './queues/types.js';
export * from './run-service.js';
export * from './soft-labels.js';
export * from './telemetry/logger.js';
export * from './telemetry/metrics.js';
