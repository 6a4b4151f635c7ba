/** `npm run bench -- COMMAND`: see {@link USAGE}. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArguments, type TrainArguments, USAGE, UsageError } from './arguments.ts';
import { recordLossCurve } from './pictures/loss-curve.ts';
import { recordStepBreakdown } from './pictures/step-breakdown.ts';
import { benchTrain } from './train/bench-train.ts';
import { SHAPES } from './train/shapes.ts';
import { trainTable } from './train/table.ts';

/** Of what is recorded for pictures. */
const THREADS = 2;

const RESULTS = new URL('../../docs/engine/', import.meta.url);

async function main(): Promise<void> {
  const given = parseArguments(process.argv.slice(2));
  if (given.command === 'help') return say(USAGE);
  if (given.command === 'train') return trainCommand(given);
  return picturesCommand();
}

async function trainCommand({ json, save, ...options }: TrainArguments): Promise<void> {
  const report = await benchTrain({ ...options, onProgress: (line) => process.stderr.write(`${line}\n`) });
  say(trainTable(report));
  if (save) keep('bench-train.json', report);
  if (json) say(JSON.stringify(report));
}

/** Records the data of the pictures; `npm run generate` draws them. */
async function picturesCommand(): Promise<void> {
  const shape = SHAPES.find(({ name }) => name === 'encoder 4x256');
  if (!shape) throw new Error('The shape whose step is shown is gone.');
  keep('step-breakdown.json', await recordStepBreakdown(shape, THREADS));
  keep('loss-curve.json', await recordLossCurve(THREADS));
  say('docs/engine/step-breakdown.json and loss-curve.json are new; `npm run generate` draws them.');
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
