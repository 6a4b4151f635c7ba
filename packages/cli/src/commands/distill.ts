import { readdir, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Command } from 'commander';
import { duration } from '../terminal/format.js';
import { abortOnInterrupt } from '../terminal/interrupt.js';
import { ProgressLines } from '../terminal/progress-lines.js';
import { reportTable } from '../terminal/report-table.js';
import { selectionText } from '../terminal/selection-text.js';
import { estimateLine, transferLines } from '../terminal/transfer-lines.js';
import { positiveInteger, readExamples, readSpecFile } from './read-input.js';

interface DistillFlags {
  teacher: string[];
  out: string;
  spec?: string;
  report?: string;
  checkpoint?: string;
  threads: number;
  fineTune: boolean;
}

export function distillCommand(): Command {
  return new Command('distill')
    .description('Distil a teacher into a student on this machine, with no server.')
    .argument('<data>', 'examples: JSONL or CSV with text, label (may be missing) and split (train, valid, test)')
    .requiredOption(
      '--teacher <dir>',
      'folder with model.onnx or onnx/model.onnx, and tokenizer.json; several are combined: name it for each',
      (dir: string, dirs: string[] = []) => [...dirs, dir],
    )
    .option('--out <dir>', "where the student's folder goes: absent, empty, or an earlier student", 'student')
    .option(
      '--spec <file>',
      'JSON: {"student": {…} or "auto", "loss": {…}, "training": {…}, "transferSet": {…}, "ensemble": {…}, "sweep": {…}, …}',
    )
    .option('--report <file>', 'write the figures as JSON')
    .option('--checkpoint <file>', 'keep the state of training and search here, and go on from it if stopped')
    .option('--fine-tune', 'train all of an encoder, not only a head on it: minutes instead of seconds', false)
    .option('--threads <n>', 'threads of each kernel', positiveInteger, availableParallelism())
    .addHelpText(
      'after',
      `
A classifier teacher (its config.json has id2label) is used as it is. An encoder gets a head that is trained on the
labelled rows first, or is fine-tuned on them (see also "retort teacher train"). Rows without a label are labelled by the
teacher alone, and left out where their text is that of a validation or test row, or there already; rows without a split
are divided 80/10/10.

Without --spec, and for all that it does not say, you get what is recommended for the data and the teacher: a static
student of the teacher's words where it has such (an encoder starts from the teacher where that is a BERT), which reads 6000
more of them than your text has ({"student": {"unseenTokens": 0}} for none), a transfer set, new texts that the teacher is
asked about ({"transferSet": {"multiply": 0}} for none), and int8 where validation rows can check it
({"compression": {"steps": []}} for none).

A spec with "sweep": {"space": {"/loss/temperature": {"min": 1, "max": 8}}, "trials": 20} is searched first, by trials on the
validation rows; with "student": {"family": "auto", "budget": {"latencyMs": 0.5, "bytes": 4000000}} the student is.
`,
    )
    .action(run);
}

async function run(data: string, flags: DistillFlags): Promise<void> {
  const { distill, estimateTeacherQueries, recommendSpec, shapeOf, transferSetToGenerate } = await import(
    '@retort/distill'
  );
  const signal = abortOnInterrupt();
  const asked = flags.spec === undefined ? {} : await readSpecFile(flags.spec, 'RT_INVALID_SPEC');
  const rows = await readExamples(data);
  const spec = await recommendSpec(asked, { teacherDir: flags.teacher[0], rows });
  const transferSet = transferSetToGenerate(spec);
  if (transferSet !== undefined) {
    process.stderr.write(
      `${estimateLine(estimateTeacherQueries(shapeOf(rows), transferSet, { teachers: flags.teacher.length }))}\n`,
    );
  }
  const lines = new ProgressLines();
  try {
    const { report } = await distill({
      rows,
      teachers: flags.teacher.map((dir) => ({ dir })),
      spec,
      outDir: flags.out,
      ...(flags.fineTune ? { fineTune: {} } : {}),
      ...(flags.checkpoint === undefined ? {} : { checkpoint: { path: flags.checkpoint } }),
      threads: flags.threads,
      signal,
      onProgress: lines.show,
    });
    lines.end();
    if (flags.checkpoint !== undefined) await removeState(flags.checkpoint);
    process.stdout.write(`\n${reportTable(report)}\n\n`);
    if (report.transferSet !== undefined) process.stdout.write(`${transferLines(report)}\n\n`);
    if (report.selection !== undefined) process.stdout.write(`${selectionText(report.selection)}\n\n`);
    process.stdout.write(`The student is in ${flags.out} (${duration(report.seconds)}). Ask it:\n`);
    process.stdout.write(`  npx retort predict ${flags.out} ${JSON.stringify(rows[0].text)}\n`);
    if (flags.report !== undefined) await writeFile(flags.report, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    lines.end();
  }
}

/** What is kept beside a checkpoint: the ledger of a search, and what the stages before the student had. */
const STATE_OF = /^\.(trials|assistant-\d+|layers-\d+)$/;

/** What a distillation that has ended would go on from. */
async function removeState(path: string): Promise<void> {
  const name = basename(path);
  const left = (await readdir(dirname(path))).filter(
    (file) => file === name || (file.startsWith(`${name}.`) && STATE_OF.test(file.slice(name.length))),
  );
  await Promise.all(left.map((file) => rm(join(dirname(path), file), { force: true })));
}
