import { type ParseArgsConfig, parseArgs } from 'node:util';
import { CONFIGURATIONS } from './distill/configurations.ts';
import { DATA_SETS } from './distill/data-sets.ts';
import { type CellFilter, SEEDS } from './distill/plan.ts';
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

  distill    accuracy of teachers and students on real data: runs the cells of docs/results.md that are missing
    --data NAME    only this data set; may be repeated (${DATA_SETS.join(', ')})
    --config NAME  only this configuration; may be repeated (see --list)
    --seed N       only this seed; may be repeated (${SEEDS.join(', ')})
    --minutes N    start no further cell after so many, 1 to 10000 (default 10000)
    --jobs N       cells at a time, 1 to 64 (default 1)
    --threads N    threads of each cell, 1 to 256 (default 1)
    --limit N      a trial on at most N rows of each label and split; its figures are kept apart, in .bench/limit-N
    --list         only show what is missing

  latency    speed of the students that \`distill\` left, beside MiniLM; wants a quiet machine
    --data, --config, --seed, --limit as above (default: seed 1)
    --rounds N     rounds of each model, in turns, 1 to 100 (default 5)

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

export interface DistillArguments extends CellFilter {
  command: 'distill';
  minutes: number;
  jobs: number;
  threads: number;
  limit: number | undefined;
  list: boolean;
}

export interface LatencyArguments extends CellFilter {
  command: 'latency';
  rounds: number;
  limit: number | undefined;
}

export type Arguments =
  | TrainArguments
  | DistillArguments
  | LatencyArguments
  | { command: 'pictures' }
  | { command: 'help' };

/** @throws UsageError naming the argument and what it may be. */
export function parseArguments(args: string[]): Arguments {
  const [command, ...rest] = args;
  if (command === '--help' || command === 'help') return { command: 'help' };
  if (command === 'train') return trainArguments(rest);
  if (command === 'distill') return distillArguments(rest);
  if (command === 'latency') return latencyArguments(rest);
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

const FILTER = {
  data: { type: 'string', multiple: true },
  config: { type: 'string', multiple: true },
  seed: { type: 'string', multiple: true },
  limit: { type: 'string' },
} as const;

function distillArguments(args: string[]): DistillArguments {
  const values = parse({
    args,
    options: {
      ...FILTER,
      minutes: { type: 'string' },
      jobs: { type: 'string' },
      threads: { type: 'string' },
      list: { type: 'boolean' },
    },
  });
  return {
    command: 'distill',
    ...cellFilter(values),
    minutes: whole('--minutes', values.minutes, 10_000, 10_000),
    jobs: whole('--jobs', values.jobs, 1, 64),
    threads: whole('--threads', values.threads, 1, 256),
    list: values.list === true,
  };
}

function latencyArguments(args: string[]): LatencyArguments {
  const values = parse({ args, options: { ...FILTER, rounds: { type: 'string' } } });
  return { command: 'latency', ...cellFilter(values), rounds: whole('--rounds', values.rounds, 5, 100) };
}

interface FilterValues {
  data?: string[];
  config?: string[];
  seed?: string[];
  limit?: string;
}

function cellFilter({ data = [], config = [], seed = [], limit }: FilterValues) {
  return {
    data: data.map((name) => oneOf('--data', name, DATA_SETS)),
    configs: config.map((name) =>
      oneOf(
        '--config',
        name,
        CONFIGURATIONS.map((known) => known.name),
      ),
    ),
    seeds: seed.map((value) => Number(oneOf('--seed', value, SEEDS.map(String)))),
    limit: limit === undefined ? undefined : whole('--limit', limit, 1, 1_000_000),
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

function oneOf<Name extends string>(option: string, given: string, known: readonly Name[]): Name {
  const found = known.find((name) => name === given);
  if (found !== undefined) return found;
  throw new UsageError(`${option} must be one of ${known.join(', ')}, not "${given}".`);
}

function whole(name: string, given: string | undefined, fallback: number, max: number): number {
  if (given === undefined) return fallback;
  const value = Number(given);
  if (/^\d+$/.test(given) && value >= 1 && value <= max) return value;
  throw new UsageError(`${name} must be a whole number from 1 to ${max}, not "${given}".`);
}
