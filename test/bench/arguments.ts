import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type ReferenceShape, SHAPES } from './train/shapes.ts';

export const USAGE = `Usage: npm run bench -- COMMAND

  train      time, utilization and memory of training steps
    --shape NAME   only this shape; may be repeated (${SHAPES.map(({ name }) => name).join(', ')})
    --steps N      measured steps in each round, 1 to 10000 (default 20)
    --rounds N     processes per shape, 1 to 100 (default 3)
    --threads N    threads of each kernel, 1 to 256 (default 2)
    --torch        train the same shapes in PyTorch, in turn, and print the ratio
    --json         print the report as one line of JSON, last
    --save         keep the report in docs/engine/bench-train.json, which docs/engine.md shows

  pictures   record anew what docs/engine.md shows: a training run and the time of each operator of a step`;

/** A mistake in the command line. */
export class UsageError extends Error {}

export interface TrainArguments {
  command: 'train';
  shapes: readonly ReferenceShape[];
  steps: number;
  rounds: number;
  threads: number;
  torch: boolean;
  json: boolean;
  save: boolean;
}

export type Arguments = TrainArguments | { command: 'pictures' } | { command: 'help' };

/** @throws UsageError naming the argument and what it may be. */
export function parseArguments(args: string[]): Arguments {
  const [command, ...rest] = args;
  if (command === '--help' || command === 'help') return { command: 'help' };
  if (command === 'train') return trainArguments(rest);
  if (command === 'pictures') {
    parse({ args: rest, options: {} });
    return { command };
  }
  throw new UsageError(command === undefined ? 'Which benchmark?' : `There is no benchmark "${command}".`);
}

function trainArguments(args: string[]): TrainArguments {
  const values = parse({
    args,
    options: {
      shape: { type: 'string', multiple: true },
      steps: { type: 'string' },
      rounds: { type: 'string' },
      threads: { type: 'string' },
      torch: { type: 'boolean' },
      json: { type: 'boolean' },
      save: { type: 'boolean' },
    },
  });
  const names = values.shape ?? SHAPES.map(({ name }) => name);
  return {
    command: 'train',
    shapes: [...new Set(names)].map(findShape),
    steps: whole('--steps', values.steps, 20, 10_000),
    rounds: whole('--rounds', values.rounds, 3, 100),
    threads: whole('--threads', values.threads, 2, 256),
    torch: values.torch === true,
    json: values.json === true,
    save: values.save === true,
  };
}

/** Every way in which `parseArgs` refuses is the user's mistake. */
function parse<Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>>['values'] {
  try {
    return parseArgs(config).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function findShape(name: string): ReferenceShape {
  const shape = SHAPES.find((candidate) => candidate.name === name);
  if (shape) return shape;
  throw new UsageError(
    `--shape: there is no shape "${name}"; it is one of ${SHAPES.map((known) => known.name).join(', ')}.`,
  );
}

function whole(name: string, given: string | undefined, fallback: number, max: number): number {
  if (given === undefined) return fallback;
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= 1 && value <= max) return value;
  throw new UsageError(`${name} must be a whole number from 1 to ${max}, not "${given}".`);
}
