import { fileURLToPath } from 'node:url';
import { defineConfig } from 'prisma/config';

// The Prisma CLI downloads its schema engine before any command, `generate` included, and fails without network although
// `generate` never calls it. A stand-in satisfies the look-up; it exits 1, so that nothing can mistake it for success.
// All other commands (`migrate diff`, `migrate status`, …) get the real engine, or Prisma's own error.
if (process.argv.includes('generate')) {
  process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= fileURLToPath(new URL('prisma/no-schema-engine', import.meta.url));
}

process.env.CHECKPOINT_DISABLE ??= '1'; // No version check over the network.

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env.DATABASE_URL ?? '' },
});
