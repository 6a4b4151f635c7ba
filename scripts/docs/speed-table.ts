import type { Cell } from '../../test/bench/distill/cells.ts';
import { CONFIGURATIONS, familyOf, isOn } from '../../test/bench/distill/configurations.ts';
import { DATA_SETS } from '../../test/bench/distill/data-sets.ts';
import type { Latency } from '../../test/bench/distill/latency.ts';
import { cellsOf, summarize } from '../../test/bench/distill/summary.ts';
import { madeBy, megabytes, NOT_RUN } from './results-format.ts';
import { markdownTable } from './sections.ts';
import { SPEED_TARGETS } from './targets.ts';

const BATCH = 32;

/** The last that was measured of a configuration; seed 1, unless only another was. */
export function latencyOf(latencies: readonly Latency[], data: string, config: string): Latency | undefined {
  const own = latencies.filter((latency) => latency.data === data && latency.config === config);
  return own.findLast(({ seed }) => seed === 1) ?? own.at(-1);
}

/** Speed and size of the students beside MiniLM, with what they are meant to reach. */
export function speedTable(cells: readonly Cell[], latencies: readonly Latency[]): string {
  const heading = [
    'data set',
    'student',
    'ms for one text',
    'times MiniLM',
    'target',
    'texts/s in batches of 32',
    'times MiniLM',
    'target',
    'bytes',
    'of the teacher',
    'target',
    'parameters',
    'MFLOP',
  ];
  const main = CONFIGURATIONS.filter(({ table }) => table === 'main');
  const rows = DATA_SETS.flatMap((data) =>
    main.filter(isOn(data)).map((configuration) => {
      const { name } = configuration;
      const targets = SPEED_TARGETS[familyOf(configuration) ?? 'static'];
      const latency = latencyOf(latencies, data, name);
      const own = cellsOf(cells, data, name);
      const bytes = summarize(own, (figures) => figures.bytes)?.mean;
      const teacherBytes = summarize(cellsOf(cells, data, 'teacher'), (figures) => figures.bytes)?.mean;
      const parameters = summarize(own, (figures) => figures.parameters)?.mean;
      const flops = summarize(own, (figures) => figures.flops)?.mean;
      return [
        `\`${data}\``,
        `\`${name}\``,
        latency?.student.one.toFixed(3) ?? NOT_RUN,
        times(latency?.ratio.one),
        `${targets.one}x`,
        latency ? ((1000 * BATCH) / latency.student.batch32).toFixed(0) : NOT_RUN,
        times(latency?.ratio.batch32),
        `${targets.batch32}x`,
        bytes === undefined ? NOT_RUN : megabytes(bytes),
        bytes === undefined || teacherBytes === undefined ? '' : `1/${(teacherBytes / bytes).toFixed(1)}`,
        `1/${Math.round(1 / targets.bytes)}`,
        parameters === undefined ? '' : `${(parameters / 1e6).toFixed(2)} M`,
        flops === undefined ? '' : (flops / 1e6).toPrecision(3),
      ];
    }),
  );
  return [
    markdownTable([heading, ...rows], ['---', '---', ...Array<string>(11).fill('---:')]),
    [madeBy('latency'), ...machines(latencies)].join(' '),
  ].join('\n\n');
}

const times = (ratio: number | undefined) => (ratio === undefined ? NOT_RUN : `${ratio.toFixed(1)}x`);

function machines(latencies: readonly Latency[]): string[] {
  if (latencies.length === 0) return [];
  const [lowest, highest] = extremes(latencies.map(({ minilm }) => minilm.one));
  const names = [...new Set(latencies.map(({ machine }) => machine))];
  return [`MiniLM took ${lowest.toFixed(2)} to ${highest.toFixed(2)} ms for one text; ${names.join('; ')}.`];
}

function extremes(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}
