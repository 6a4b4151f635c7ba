import { SCOPES, type Scope } from '@retort/contracts';
import { Command, Option } from 'commander';
import { withContext } from './with-context.js';

export function keysCommand(): Command {
  const keys = new Command('keys').description('Make, list and revoke API keys (needs DATABASE_URL).');
  keys
    .command('create')
    .description('Make a key and print it once.')
    .requiredOption('--name <name>', 'whose it is, for the history')
    .addOption(new Option('--scope <scope>', 'what it may do').choices(SCOPES).makeOptionMandatory())
    .action(create);
  keys.command('list').description('List the keys, without their secrets.').action(list);
  keys.command('revoke').description('Take a key out of force.').argument('<id>', 'its id').action(revoke);
  return keys;
}

async function create({ name, scope }: { name: string; scope: Scope }): Promise<void> {
  const { key } = await withContext(({ keys }) => keys.create({ name, scopes: [scope] }));
  process.stdout.write(`${key}\n`);
}

async function list(): Promise<void> {
  const all = await withContext(({ keys }) => keys.list());
  for (const { id, name, scopes, lastUsedAt, revokedAt } of all) {
    const state =
      revokedAt !== null ? 'revoked' : lastUsedAt === null ? 'never used' : `used ${lastUsedAt.toISOString()}`;
    process.stdout.write(`${id}  ${scopes.join(',').padEnd(7)} ${state.padEnd(29)} ${name}\n`);
  }
}

async function revoke(id: string): Promise<void> {
  const revoked = await withContext(({ keys }) => keys.revoke(id));
  process.stdout.write(revoked ? `${id} is revoked.\n` : `There is no key ${id} in force.\n`);
  if (!revoked) process.exitCode = 1;
}
