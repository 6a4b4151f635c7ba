import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { DiffTarget, MigrationList, SchemaEngine } from '@prisma/schema-engine-wasm';
import { readMigrations } from '@retort/platform';

export const SCHEMA = fileURLToPath(new URL('../prisma/schema.prisma', import.meta.url));
export const MIGRATIONS = fileURLToPath(new URL('../prisma/migrations', import.meta.url));
const NOTHING_EXTERNAL = { externalTables: [], externalEnums: [] };

/** The engine's advisory lock lasts as long as its connection. */
const SHORT_LIVED = { idleTimeoutMillis: 20, allowExitOnIdle: true };

/** The part of the WebAssembly API that is used here; its types come with the DOM's, which Node code does without. */
interface WebAssemblyApi {
  instantiate(code: Uint8Array, imports: object): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
}

interface EngineModule {
  SchemaEngine: typeof SchemaEngine;
  __wbg_set_wasm(exports: object): void;
}

/**
 * Prisma's own schema engine, as the WebAssembly build that its npm package carries: needs no download. It can do all but
 * read a database's tables, since `@prisma/adapter-pg` does not know the types of PostgreSQL 18's catalogue.
 */
export interface Engine {
  /** SQL that leads from one text of `schema.prisma` to another; `undefined` is the empty database. */
  diff(from: string | undefined, to: string): Promise<string>;
  /** What `prisma migrate deploy` does. @returns names of the migrations applied now. */
  deploy(migrations: MigrationList): Promise<string[]>;
  /** What `prisma migrate status` looks at. */
  diagnose(migrations: MigrationList): ReturnType<SchemaEngine['diagnoseMigrationHistory']>;
}

/** Opens the engine on the database at `url`; it connects when it has to. */
export async function openSchemaEngine(url: string): Promise<Engine> {
  loaded ??= loadEngine(); // Once: the glue code holds a single instance.
  const { SchemaEngine } = await loaded;
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: url, ...SHORT_LIVED }));
  const engine = await SchemaEngine.new(
    { datamodels: [[SCHEMA, await readFile(SCHEMA, 'utf8')]] },
    () => undefined,
    adapter,
  );
  return {
    async diff(from, to) {
      const model = (content: string): DiffTarget => ({ tag: 'schemaDatamodel', files: [{ path: SCHEMA, content }] });
      const { stdout } = await engine.diff({
        from: from === undefined ? { tag: 'empty' } : model(from),
        to: model(to),
        script: true,
        exitCode: null,
        filters: NOTHING_EXTERNAL,
      });
      return stdout ?? '';
    },
    async deploy(migrationsList) {
      return (await engine.applyMigrations({ migrationsList, filters: NOTHING_EXTERNAL })).appliedMigrationNames;
    },
    diagnose: (migrationsList) =>
      engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters: NOTHING_EXTERNAL }),
  };
}

let loaded: Promise<EngineModule> | undefined;

async function loadEngine(): Promise<EngineModule> {
  // The package's entry wants a bundler that can import .wasm files; Node is told by hand.
  const glue = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const module = (await import(glue)) as EngineModule;
  const code = await readFile(glue.replace(/\.js$/, '.wasm'));
  const { WebAssembly: api } = globalThis as unknown as { WebAssembly: WebAssemblyApi };
  const { exports } = (await api.instantiate(code, { './schema_engine_bg.js': module })).instance;
  module.__wbg_set_wasm(exports);
  exports.__wbindgen_start();
  return module;
}

/** A folder of migrations as the engine takes it. */
export async function migrationList(folder = MIGRATIONS): Promise<MigrationList> {
  return {
    baseDir: folder,
    lockfile: { path: 'migration_lock.toml', content: await readFile(join(MIGRATIONS, 'migration_lock.toml'), 'utf8') },
    shadowDbInitScript: '',
    migrationDirectories: (await readMigrations(folder)).map(({ name, sql }) => ({
      path: name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
    })),
  };
}
