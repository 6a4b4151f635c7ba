import { once } from 'node:events';
import { Command, InvalidArgumentError } from 'commander';
import { abortOnInterrupt } from '../terminal/interrupt.js';
import type { Platform } from '../up/start-platform.js';

interface UpFlags {
  port?: number;
  host?: string;
  data?: string;
}

export function upCommand(): Command {
  return new Command('up')
    .description('Start the whole platform on this machine: API, workers, inference, database and queue.')
    .option('--port <n>', 'port of the API and of /infer; 0 takes a free one (default: PORT, else 8080)', port)
    .option('--host <address>', 'address to listen on (default: HOST, else 127.0.0.1)')
    .option('--data <dir>', 'folder of everything that is kept (default: DATA_DIR, else .retort)')
    .addHelpText(
      'after',
      `
PostgreSQL comes with the npm packages; a redis-server on PATH is used for the queues. DATABASE_URL and REDIS_URL name
servers of your own instead. The README has a table of all variables.
`,
    )
    .action(run);
}

async function run({ port, host, data }: UpFlags): Promise<void> {
  const signal = abortOnInterrupt();
  const [{ startPlatform }, { loadConfig }] = await Promise.all([
    import('../up/start-platform.js'),
    import('@retort/platform'),
  ]);
  let platform: Platform;
  try {
    platform = await startPlatform({ port, host, dataDir: data ?? loadConfig(process.env).dataDir, signal });
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  process.stdout.write(banner(platform));
  if (!signal.aborted) await once(signal, 'abort');
  process.stdout.write('\nStopping: running jobs go back to the queue …\n');
  await platform.stop();
}

function banner({ url, dataDir, queues, adminKey }: Platform): string {
  const lines = [
    'Retort is up.',
    '',
    `  API           ${url}/v1`,
    `  Inference     ${url}/infer`,
    `  API page      ${url}/docs`,
    `  Data          ${dataDir} (queues in ${queues})`,
    '',
  ];
  if (adminKey !== undefined) lines.push(`  Admin key, shown only this once:  ${adminKey}`, '');
  lines.push('Ctrl-C stops it.', '');
  return lines.join('\n');
}

function port(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 65_535) {
    throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
  }
  return number;
}
