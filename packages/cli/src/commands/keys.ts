import { SCOPES, type Scope } from '@retort/contracts';
import { Command, Option } from 'commander';
import { withContext } from './with-context.js';

export function keysCommand(): Command {
  const keys = new Command('keys').description('Make, list and revoke API keys of the database at DATABASE_URL.');
  keys
    .command('create')
    .description('Make a key and print it once.')
    .requiredOption('--name <name>', 'whose it is, for the history')
    .addOption(dataOption())
    .addOption(new Option('--scope <scope>', 'what it may do').choices(SCOPES).makeOptionMandatory())
    .action(create);
  keys.command('list').description('List the keys, without their secrets.').addOption(dataOption()).action(list);
  keys
    .command('revoke')
    .description('Take a key out of force.')
    .argument('<id>', 'its id')
    .addOption(dataOption())
    .action(revoke);
  return keys;
}

function dataOption(): Option {
  return new Option('--data <dir>', 'use the embedded database of this folder, while `retort up` is down');
}

async function create({ name, scope, data }: { name: string; scope: Scope; data?: string }): Promise<void> {
  const { key } = await withContext(data, ({ keys }) => keys.create({ name, scopes: [scope] }));
  process.stdout.write(`${key}\n`);
}

async function list({ data }: { data?: string }): Promise<void> {
  const all = await withContext(data, ({ keys }) => keys.list());
  for (const { id, name, scopes, lastUsedAt, revokedAt } of all) {
    const state =
      revokedAt !== null ? 'revoked' : lastUsedAt === null ? 'never used' : `used ${lastUsedAt.toISOString()}`;
    process.stdout.write(`${id}  ${scopes.join(',').padEnd(7)} ${state.padEnd(29)} ${name}\n`);
  }
}

async function revoke(id: string, { data }: { data?: string }): Promise<void> {
  const revoked = await withContext(data, ({ keys }) => keys.revoke(id));
  process.stdout.write(revoked ? `${id} is revoked.\n` : `There is no key ${id} in force.\n`);
  if (!revoked) process.exitCode = 1;
}
