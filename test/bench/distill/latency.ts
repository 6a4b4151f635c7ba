import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { openTextClassifier, openTextModel } from '@retort/text';
import { median } from '../train/statistics.ts';
import { commitOfCode } from './bench-distill.ts';
import { appendLine, type CellKey, nameOfCell, readLines } from './cells.ts';
import { CONFIGURATIONS } from './configurations.ts';
import { inScope, readDataSet } from './data-sets.ts';
import { allCells, type CellFilter, wants } from './plan.ts';
import { minilmFolder, studentFolder, type Workspace, workspaceOf } from './workspace.ts';

/** Milliseconds of a call, for one text and for 32 of them. */
interface CallTimes {
  one: number;
  batch32: number;
}

/** How long a student takes beside MiniLM in the same process: one line of the latencies' file. */
export interface Latency extends CellKey {
  /** Of the student's answers: a student that was trained anew is measured anew. */
  digest: string;
  minilm: CallTimes;
  student: CallTimes;
  /** MiniLM's time over the student's: the median over the rounds. */
  ratio: CallTimes;
  rounds: number;
  machine: string;
  commit: string;
}

/** Test texts that are asked one by one. */
const TEXTS = 256;
const BATCH = 32;

type Answer = (texts: string[]) => Promise<unknown>;

/** Asks a model everything once, text by text and batch by batch. */
async function round(answer: Answer, texts: readonly string[]): Promise<CallTimes> {
  const ms = async (calls: string[][]) => {
    const times: number[] = [];
    for (const call of calls) {
      const begun = performance.now();
      await answer(call);
      times.push(performance.now() - begun);
    }
    return median(times);
  };
  const batches = Array.from({ length: texts.length / BATCH }, (_, i) => texts.slice(i * BATCH, (i + 1) * BATCH));
  return { one: await ms(texts.map((text) => [text])), batch32: await ms(batches) };
}

/**
 * Times two models in turns, a round of all texts each, so that both meet a slow machine and neither a cache that the other has just
 * emptied. The first round of either is not counted.
 */
async function compare(
  minilm: Answer,
  student: Answer,
  texts: readonly string[],
  rounds: number,
): Promise<Pick<Latency, 'minilm' | 'student' | 'ratio'>> {
  const taken: { minilm: CallTimes; student: CallTimes }[] = [];
  for (let i = 0; i <= rounds; i++) {
    taken.push({ minilm: await round(minilm, texts), student: await round(student, texts) });
  }
  const counted = taken.slice(1);
  const of = (take: (one: (typeof counted)[number]) => CallTimes): CallTimes => ({
    one: median(counted.map((one) => take(one).one)),
    batch32: median(counted.map((one) => take(one).batch32)),
  });
  return {
    minilm: of((one) => one.minilm),
    student: of((one) => one.student),
    ratio: of(({ minilm: theirs, student: ours }) => ({
      one: theirs.one / ours.one,
      batch32: theirs.batch32 / ours.batch32,
    })),
  };
}

export interface BenchLatencyOptions extends CellFilter {
  rounds: number;
  limit?: number;
  onProgress: (line: string) => void;
}

/** Measures the kept students of the main table that were not measured yet. The machine should have nothing else to do. */
export async function benchLatency({ rounds, limit, onProgress, ...filter }: BenchLatencyOptions): Promise<void> {
  const workspace = workspaceOf(limit);
  const measured = new Set(
    readLatencies(workspace.latencies).map(({ digest, ...key }) => `${nameOfCell(key)} ${digest}`),
  );
  const seeds = filter.seeds.length > 0 ? filter.seeds : [1];
  const main = CONFIGURATIONS.filter(({ table }) => table === 'main');
  const minilm = await openTextModel(await minilmFolder(), { placement: 'inline', threads: 1 });
  try {
    for (const cell of allCells(main).filter((key) => wants({ ...filter, seeds }, key))) {
      const digest = await digestOf(workspace, cell);
      if (digest === undefined || measured.has(`${nameOfCell(cell)} ${digest}`)) continue;
      const texts = await timedTexts(cell, limit);
      const student = await openTextClassifier(studentFolder(workspace, cell), { placement: 'inline', threads: 1 });
      const times = await compare(
        (asked) => minilm.run(asked, 'sentence_embedding'),
        (asked) => student.logits(asked),
        texts,
        rounds,
      );
      await student.close();
      const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores`;
      const latency: Latency = { ...cell, digest, ...times, rounds, machine, commit: commitOfCode() };
      appendLine(workspace.latencies, latency);
      const { one, batch32 } = latency.ratio;
      onProgress(`${nameOfCell(cell)}: ${one.toFixed(1)}x for one text, ${batch32.toFixed(1)}x for ${BATCH}`);
    }
  } finally {
    await minilm.close();
  }
}

/** @throws Error naming a line that is none */
export function readLatencies(path: string): Latency[] {
  return readLines(path, (value): value is Latency => {
    const { data, ratio } = (value ?? {}) as Partial<Latency>;
    return typeof data === 'string' && typeof ratio === 'object';
  });
}

/** Of the student of a cell; undefined where there is none. */
async function digestOf(workspace: Workspace, cell: CellKey): Promise<string | undefined> {
  const path = join(studentFolder(workspace, cell), 'retort.json');
  if (!existsSync(path)) return undefined;
  return (JSON.parse(await readFile(path, 'utf8')) as { digest: string }).digest;
}

/** Test texts from all over the split, which may be sorted by label; where it has fewer, some of them again. */
async function timedTexts({ data }: CellKey, limit: number | undefined): Promise<string[]> {
  const { rows } = await readDataSet(data, limit);
  const test = inScope(rows).filter(({ split }) => split === 'test');
  return Array.from({ length: TEXTS }, (_, i) => test[Math.floor((i * test.length) / TEXTS)].text);
}
