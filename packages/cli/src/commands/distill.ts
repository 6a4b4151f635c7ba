import { createReadStream } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { type DistillationSpec, RetortError, type Row } from '@retort/contracts';
import { Command, InvalidArgumentError } from 'commander';
import { duration } from '../terminal/format.js';
import { abortOnInterrupt } from '../terminal/interrupt.js';
import { ProgressLines } from '../terminal/progress-lines.js';
import { reportTable } from '../terminal/report-table.js';

interface DistillFlags {
  teacher: string;
  out: string;
  spec?: string;
  report?: string;
  threads: number;
}

/** Rejected rows shown in full; the rest are counted. */
const SHOWN_REJECTS = 5;

export function distillCommand(): Command {
  return new Command('distill')
    .description('Distil a teacher into a student on this machine, with no server.')
    .argument('<data>', 'examples: JSONL or CSV with text, label (may be missing) and split (train, valid, test)')
    .requiredOption('--teacher <dir>', 'folder with model.onnx or onnx/model.onnx, and tokenizer.json')
    .requiredOption('--out <dir>', "where the student's folder goes")
    .option('--spec <file>', 'JSON: {"student": {…}, "loss": {"lambda", "temperature"}, "training": {…}}')
    .option('--report <file>', 'write the figures as JSON')
    .option('--threads <n>', 'threads of each kernel', positiveInteger, availableParallelism())
    .addHelpText(
      'after',
      `
A classifier teacher (its config.json has id2label) is used as it is. An encoder gets a head that is trained on the
labelled rows first. Rows without a label are labelled by the teacher alone; rows without a split are divided 80/10/10.
`,
    )
    .action(run);
}

async function run(data: string, flags: DistillFlags): Promise<void> {
  const { distill } = await import('@retort/distill');
  const signal = abortOnInterrupt();
  const spec = await readSpec(flags.spec);
  const rows = await readExamples(data);
  const lines = new ProgressLines();
  try {
    const { report } = await distill({
      rows,
      teacherDir: flags.teacher,
      spec,
      outDir: flags.out,
      threads: flags.threads,
      signal,
      onProgress: lines.show,
    });
    lines.end();
    process.stdout.write(`\n${reportTable(report)}\n\n`);
    process.stdout.write(`The student is in ${flags.out} (${duration(report.seconds)}). Ask it:\n`);
    process.stdout.write(`  npx retort predict ${flags.out} ${JSON.stringify(rows[0].text)}\n`);
    if (flags.report !== undefined) await writeFile(flags.report, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    lines.end();
  }
}

async function readSpec(path: string | undefined): Promise<DistillationSpec> {
  const { resolveSpec } = await import('@retort/distill');
  if (path === undefined) return resolveSpec();
  const text = await readFile(path, 'utf8').catch((cause) => {
    throw new RetortError('RT_INVALID_SPEC', `The spec ${path} cannot be read: ${cause.message}.`, { cause });
  });
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (cause) {
    throw new RetortError('RT_INVALID_SPEC', `The spec ${path} is not JSON: ${(cause as Error).message}.`, { cause });
  }
  return resolveSpec(input);
}

async function readExamples(path: string): Promise<Row[]> {
  const isFile = await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) throw new RetortError('RT_INVALID_DATASET', `There is no file ${path}.`);
  const { readRows } = await import('@retort/text');
  const rows: Row[] = [];
  const rejected: string[] = [];
  const format = extname(path).toLowerCase() === '.csv' ? 'csv' : 'jsonl';
  for await (const read of readRows(createReadStream(path), { format })) {
    if ('row' in read) rows.push(read.row);
    else rejected.push(`  line ${read.line}: ${read.reason}`);
  }
  if (rejected.length > 0) {
    const more = rejected.length > SHOWN_REJECTS ? `  and ${rejected.length - SHOWN_REJECTS} more\n` : '';
    process.stderr.write(`${rejected.length} rows left out:\n${rejected.slice(0, SHOWN_REJECTS).join('\n')}\n${more}`);
  }
  if (rows.length === 0) throw new RetortError('RT_INVALID_DATASET', `${path} has no usable row.`);
  return rows;
}

function positiveInteger(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It must be a whole number from 1.');
  return number;
}
