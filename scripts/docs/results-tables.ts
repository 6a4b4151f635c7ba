import { type Cell, currentCells, type Figures } from '../../test/bench/distill/cells.ts';
import {
  ABLATION_BASE,
  CONFIGURATIONS,
  type Configuration,
  type Family,
  familyOf,
  findConfiguration,
  isOn,
  type Table,
} from '../../test/bench/distill/configurations.ts';
import type { DataSheet } from '../../test/bench/distill/data-facts.ts';
import { DATA_SETS, type DataName } from '../../test/bench/distill/data-sets.ts';
import { cellsOf, summarize, summarizeGain } from '../../test/bench/distill/summary.ts';
import { madeBy, NOT_RUN, numbers, points, shares } from './results-format.ts';
import { markdownTable } from './sections.ts';
import { ACCURACY_TARGETS } from './targets.ts';

const right = (columns: number) => ['---', ...Array<string>(columns).fill('---:')];
const named = (name: string) => `\`${name}\``;
const inTable = (table: Table) => CONFIGURATIONS.filter((configuration) => configuration.table === table);

/** The data sets as they were used. */
export function dataTable(sheet: DataSheet): string {
  const heading = ['data set', 'labels', 'train', 'valid', 'test', 'out of scope (test)', 'duplicates removed'];
  const rows = DATA_SETS.map((name) => {
    const facts = sheet[name];
    if (facts === undefined) return [named(name), NOT_RUN, '', '', '', '', ''];
    const { rows: counts, duplicates } = facts;
    const removed = `${duplicates.train} of train, ${duplicates.valid} of valid`;
    return [
      named(name),
      ...[facts.labels, counts.train, counts.valid, counts.test, facts.outOfScope.test].map(String),
      removed,
    ];
  });
  return markdownTable([heading, ...rows], [...right(5), '---']);
}

/** What answers for both teachers as one, whatever its student's seed. */
const TOGETHER = 'static/two-teachers';

/** Teachers for all labels: one seed each. */
export function teacherTable(cells: readonly Cell[]): string {
  const heading = [
    'data set',
    'teacher',
    'accuracy, %',
    'target',
    'macro-F1, %',
    'calibration error, %',
    'AUROC, %',
    'recall at 95%, %',
  ];
  const configurations = inTable('teachers');
  const rows = DATA_SETS.flatMap((data) => [
    ...configurations.map((configuration) => {
      const own = cellsOf(cells, data, configuration.name);
      const share = (figure: (figures: Figures) => number | undefined) =>
        shares(summarize(own, figure), { complete: 1 });
      return [
        named(data),
        configuration.teacher === 'head' ? 'a head on the frozen encoder' : 'all of it fine-tuned',
        share(({ accuracy }) => accuracy),
        teacherTarget(data),
        share(({ macroF1 }) => macroF1),
        share(({ calibrationError }) => calibrationError),
        ...scopeCells(data, own, share),
      ];
    }),
    together(data, cells),
  ]);
  return [
    markdownTable([heading, ...rows], ['---', ...right(6)]),
    madeBy('distill', ...[...configurations.map(({ name }) => name), TOGETHER].map((name) => `--config ${name}`)),
  ].join('\n\n');
}

function together(data: DataName, cells: readonly Cell[]): string[] {
  const [any] = cellsOf(cells, data, TOGETHER);
  const accuracy = shares(
    summarize(any ? [any] : [], (figures) => figures.teacherAccuracy),
    { complete: 1 },
  );
  return [named(data), 'both, the mean of their probabilities', accuracy, teacherTarget(data), '', '', '', ''];
}

function teacherTarget(data: DataName): string {
  const target = ACCURACY_TARGETS[data]?.teacher;
  return target === undefined ? '' : (100 * target).toFixed(1);
}

type Write = (figure: (figures: Figures) => number | undefined) => string;

/** Only clinc150 has rows out of scope. */
function scopeCells(data: DataName, own: readonly Cell[], share: Write): string[] {
  if (own.length > 0 && own.every(({ figures }) => figures.outOfScope === undefined)) return ['', ''];
  if (own.length === 0 && data !== 'clinc150') return ['', ''];
  return [share(({ outOfScope }) => outOfScope?.auroc), share(({ outOfScope }) => outOfScope?.recallAt95)];
}

/** Accuracy and fidelity of the families' students over all data sets, then what else was measured of them. */
export function mainTables(cells: readonly Cell[]): string {
  const students = inTable('main');
  const heading = ['', ...DATA_SETS.map(named)];
  const table = (figure: 'accuracy' | 'agreement', withTeacher: boolean) => {
    const of = (figures: Figures) => figures[figure];
    const teacher = DATA_SETS.map((data) => shares(summarize(cellsOf(cells, data, 'teacher'), of), { complete: 1 }));
    const row = (label: string, student: Configuration, read: (figures: Figures) => number | undefined) => [
      label,
      ...DATA_SETS.map((data) =>
        isOn(data)(student) ? shares(summarize(cellsOf(cells, data, student.name), read)) : '',
      ),
    ];
    const rows = students.flatMap((student) => {
      const name = named(student.name);
      const before = isInt8(cells, student.name);
      return [
        row(name, student, of),
        ...(before ? [row(`${name} before int8`, student, ({ float }) => float?.[figure])] : []),
      ];
    });
    const first = withTeacher ? [['the teacher', ...teacher]] : [];
    return markdownTable([heading, ...first, ...rows, ...(withTeacher ? targetRows() : [])], right(DATA_SETS.length));
  };
  return [
    'Accuracy on the test split, %:',
    table('accuracy', true),
    'Fidelity, the share of test texts that student and teacher answer alike, %:',
    table('agreement', false),
    'What else was measured:',
    otherFigures(cells, students),
    madeBy('distill'),
  ].join('\n\n');
}

/** Whether a configuration's students answer in int8 and were measured before that too. */
function isInt8(cells: readonly Cell[], name: string): boolean {
  return cells.some(({ config, figures }) => config === name && figures.float !== undefined);
}

function targetRows(): string[][] {
  return (['static', 'encoder'] as const).map((family) => [
    `target of the ${family} student`,
    ...DATA_SETS.map((data) => {
      const target = ACCURACY_TARGETS[data]?.[family];
      return target === undefined ? '' : (100 * target).toFixed(1);
    }),
  ]);
}

function otherFigures(cells: readonly Cell[], students: readonly Configuration[]): string {
  const heading = [
    'data set',
    'student',
    'macro-F1, %',
    'KL to the teacher, nats',
    'calibration error before, %',
    'after, %',
    'AUROC out of scope, %',
    'recall at 95% in scope, %',
  ];
  const rows = DATA_SETS.flatMap((data) =>
    students.filter(isOn(data)).map(({ name }) => {
      const own = cellsOf(cells, data, name);
      const share: Write = (figure) => shares(summarize(own, figure));
      return [
        named(data),
        named(name),
        share(({ macroF1 }) => macroF1),
        numbers(
          summarize(own, ({ klToTeacher }) => klToTeacher),
          3,
        ),
        share(({ uncalibratedError }) => uncalibratedError),
        share(({ calibrationError }) => calibrationError),
        ...scopeCells(data, own, share),
      ];
    }),
  );
  return markdownTable([heading, ...rows], ['---', ...right(6)]);
}

/** The difference that each strategy makes to plain distillation. */
export interface AblationRow {
  family: Family;
  /** What was added. */
  strategy: string;
  config: string;
}

/** The rows of the ablation, those of a family together: of the static student also what it stands between. */
export function ablationRows(): AblationRow[] {
  const rows = inTable('ablation').flatMap((configuration) => {
    const { name } = configuration;
    const family = familyOf(configuration) as Family;
    return name === ABLATION_BASE[family] ? [] : [{ family, strategy: name.split('/kd+')[1], config: name }];
  });
  return [
    { family: 'static', strategy: 'nothing more', config: ABLATION_BASE.static },
    { family: 'static', strategy: 'hard labels alone', config: 'static/hard-labels' },
    ...rows.filter(({ family }) => family === 'static'),
    { family: 'static', strategy: 'everything', config: 'static/everything' },
    { family: 'encoder', strategy: 'nothing more', config: ABLATION_BASE.encoder },
    ...rows.filter(({ family }) => family === 'encoder'),
  ];
}

/** The data sets that an ablation is made on. */
export function ablationData(): DataName[] {
  return [...new Set(inTable('ablation').flatMap(({ data }) => data))];
}

/** Whether a strategy is for a data set at all. */
export const isAblatedOn = (data: DataName, { config }: AblationRow): boolean => isOn(data)(findConfiguration(config));

/** Seed by seed. */
export function gainOver(cells: readonly Cell[], data: DataName, { family, config }: AblationRow) {
  const plain = cellsOf(cells, data, ABLATION_BASE[family]);
  return summarizeGain(cellsOf(cells, data, config), plain, ({ accuracy }) => accuracy);
}

export function ablationTable(cells: readonly Cell[]): string {
  const data = ablationData();
  const heading = [
    'student',
    'plain distillation and',
    ...data.flatMap((name) => [`${named(name)}, points`, 'accuracy, %', 'agreement, %']),
  ];
  const rows = ablationRows().map((row) => [
    row.family,
    row.strategy,
    ...data.flatMap((name) => {
      if (!isAblatedOn(name, row)) return ['', '', ''];
      const own = cellsOf(cells, name, row.config);
      return [
        points(gainOver(cells, name, row)),
        shares(summarize(own, ({ accuracy }) => accuracy)),
        shares(summarize(own, ({ agreement }) => agreement)),
      ];
    }),
  ]);
  return [
    markdownTable([heading, ...rows], ['---', '---', ...Array<string>(3 * data.length).fill('---:')]),
    madeBy('distill', ...data.map((name) => `--data ${name}`)),
  ].join('\n\n');
}

/** Few labels: the teacher, and students that learn from the labels alone or from all text. */
export function lowDataTable(cells: readonly Cell[]): string {
  const configurations = inTable('low-data');
  const sizes = [...new Set(configurations.map(({ perClass }) => perClass))];
  const data = [...new Set(configurations.flatMap((configuration) => configuration.data))];
  const families = [...new Set(configurations.map(familyOf).filter((name) => name !== undefined))];
  const heading = [
    'data set',
    'labelled per class',
    'teacher',
    ...families.flatMap((family) => [`${family}: hard labels`, 'distilled', 'gain, points']),
  ];
  const rows = data.flatMap((name) =>
    sizes.map((perClass) => {
      const own = (config: string) => cellsOf(cells, name, `labels-${perClass}/${config}`);
      const accuracy = (config: string) => shares(summarize(own(config), (figures) => figures.accuracy));
      return [
        named(name),
        String(perClass),
        accuracy('teacher'),
        ...families.flatMap((family) => {
          const [hard, distilled] = [`${family}/hard-labels`, `${family}/distilled`];
          const gain = summarizeGain(own(distilled), own(hard), (figures) => figures.accuracy);
          return [accuracy(hard), accuracy(distilled), points(gain)];
        }),
      ];
    }),
  );
  return [
    markdownTable([heading, ...rows], ['---', ...right(1 + 3 * families.length)]),
    madeBy('distill', ...configurations.slice(0, 3).map(({ name }) => `--config ${name}`), '…'),
  ].join('\n\n');
}

/** How much of the benchmark is done. */
export function progressLine(cells: readonly Cell[], all: number): string {
  const done = currentCells(cells, CONFIGURATIONS);
  const commits = [...new Set(done.map(({ commit }) => commit))];
  const hours = done.reduce((sum, { seconds }) => sum + seconds, 0) / 3600;
  if (done.length === 0)
    return `None of the ${all} cells has been run yet: \`npm run bench -- distill --list\` names them.`;
  const many = commits.length === 1 ? `commit ${commits[0]}` : `commits ${commits.join(', ')}`;
  return `${done.length} of ${all} cells are run, in ${hours.toFixed(1)} hours of computing, at ${many}; \`npm run bench -- distill --list\` names the others.`;
}
