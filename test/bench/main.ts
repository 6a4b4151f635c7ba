/** `npm run bench -- COMMAND`: see {@link USAGE}. */
import { mkdirSync, writeFileSync } from 'node:fs';
import {
  type DistillArguments,
  type LatencyArguments,
  parseArguments,
  type TrainArguments,
  USAGE,
  UsageError,
} from './arguments.ts';
import { benchDistill, openCells } from './distill/bench-distill.ts';
import { nameOfCell } from './distill/cells.ts';
import { benchLatency } from './distill/latency.ts';
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
  if (given.command === 'distill') return distillCommand(given);
  if (given.command === 'latency') return latencyCommand(given);
  return picturesCommand();
}

async function trainCommand({ json, save, ...options }: TrainArguments): Promise<void> {
  const report = await benchTrain({ ...options, onProgress: (line) => process.stderr.write(`${line}\n`) });
  say(trainTable(report));
  if (save) keep('bench-train.json', report);
  if (json) say(JSON.stringify(report));
}

async function distillCommand({ list, ...options }: DistillArguments): Promise<void> {
  if (list) {
    const { missing, skipped } = openCells(options);
    for (const cell of missing) say(nameOfCell(cell));
    for (const reason of skipped) say(`skipped ${reason}`);
    return say(`${missing.length} cells are missing`);
  }
  const failed = await benchDistill({ ...options, onProgress: say });
  if (failed > 0) process.exitCode = 1;
  say('`npm run generate` writes docs/results.md anew.');
}

async function latencyCommand(options: LatencyArguments): Promise<void> {
  await benchLatency({ ...options, onProgress: say });
  say('`npm run generate` writes docs/results.md anew.');
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
