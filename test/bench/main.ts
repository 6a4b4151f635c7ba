/** `npm run bench -- COMMAND`: see {@link USAGE}. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArguments, type TrainArguments, USAGE, UsageError } from './arguments.ts';
import { benchTrain } from './train/bench-train.ts';
import { trainTable } from './train/table.ts';

const RESULTS = new URL('../../docs/engine/', import.meta.url);

async function main(): Promise<void> {
  const given = parseArguments(process.argv.slice(2));
  if (given.command === 'help') return say(USAGE);
  if (given.command === 'train') return trainCommand(given);
}

async function trainCommand({ json, save, ...options }: TrainArguments): Promise<void> {
  const report = await benchTrain({ ...options, onProgress: (line) => process.stderr.write(`${line}\n`) });
  say(trainTable(report));
  if (save) keep('bench-train.json', report);
  if (json) say(JSON.stringify(report));
}

function keep(name: string, content: object): void {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL(name, RESULTS), `${JSON.stringify(content, null, 2)}\n`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main().catch((error: unknown) => {
  const detail = error instanceof UsageError ? `${error.message}\n\n${USAGE}` : (error as Error).stack;
  process.stderr.write(`bench: ${detail}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
