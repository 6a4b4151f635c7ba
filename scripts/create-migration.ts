import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startEmbedded } from '@retort/platform';
import { MIGRATIONS, openSchemaEngine, SCHEMA } from './schema-engine.ts';

/**
 * `npm run migration -- what_changes`: writes the migration that leads from the committed prisma/schema.prisma to the one
 * in the working tree, like `prisma migrate dev --create-only`, without a database of one's own and without a download.
 */
const name = process.argv[2] ?? '';
if (!/^[a-z][a-z0-9_]{2,60}$/.test(name)) {
  process.stderr.write('Usage: npm run migration -- what_changes (lower case, with underscores)\n');
  process.exit(2);
}
const committed = execFileSync('git', ['show', 'HEAD:prisma/schema.prisma'], { encoding: 'utf8' });
const servers = await startEmbedded({ redis: 'off' }); // The engine wants a server, even to compare two texts.
const engine = await openSchemaEngine(servers.databaseUrl);
const sql = await engine.diff(committed, await readFile(SCHEMA, 'utf8')).finally(() => servers.stop());
if (/^(CREATE|ALTER|DROP)/m.test(sql)) {
  const timestamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = join(MIGRATIONS, `${timestamp}_${name}`);
  await mkdir(folder);
  await writeFile(join(folder, 'migration.sql'), sql);
  process.stdout.write(`Wrote ${folder}/migration.sql. Read it before you commit it, then run npm run generate.\n`);
} else {
  process.stdout.write('prisma/schema.prisma does not differ from the committed one in what the database holds.\n');
}
