import { RetortError } from '@retort/contracts';
import { Command } from 'commander';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Bring the database that DATABASE_URL names up to date (`retort up` does it by itself).')
    .action(run);
}

async function run(): Promise<void> {
  const { loadConfig, migrate } = await import('@retort/platform');
  const { databaseUrl } = loadConfig(process.env);
  if (databaseUrl === undefined) throw new RetortError('RT_INVALID_FIELD', 'DATABASE_URL is not set.');
  const applied = await migrate(databaseUrl);
  process.stdout.write(applied.length === 0 ? 'The database is up to date.\n' : `Applied ${applied.join(', ')}.\n`);
}
