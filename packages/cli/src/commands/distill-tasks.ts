import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { RetortError } from '@retort/contracts';
import { Command, InvalidArgumentError } from 'commander';
import { duration, percent } from '../terminal/format.js';
import { abortOnInterrupt } from '../terminal/interrupt.js';
import { ProgressLines } from '../terminal/progress-lines.js';
import { positiveInteger, readExamples, readSpecFile } from './read-input.js';

interface TaskFlag {
  name: string;
  data: string;
  teacherDir: string;
}

interface DistillTasksFlags {
  task: TaskFlag[];
  out: string;
  spec?: string;
  report?: string;
  threads: number;
}

export function distillTasksCommand(): Command {
  return new Command('distill-tasks')
    .description('Distil several tasks into one student, with one head for each, on this machine.')
    .requiredOption(
      '--task <name=data:teacher>',
      'a task, its examples and the folder of its teacher; 2 to 8 times',
      collect,
    )
    .requiredOption('--out <dir>', "where the student's folder goes")
    .option(
      '--spec <file>',
      'JSON: {"student": {…}, "loss": {…}, "training": {…}, "compression": {…}, "multiTask": {"sampling", "tasks"}}',
    )
    .option('--report <file>', 'write the figures of each task as JSON')
    .option('--threads <n>', 'threads of each kernel', positiveInteger, availableParallelism())
    .addHelpText(
      'after',
      `
Data and teachers are as those of "retort distill", and so is what is recommended of student, loss, training and int8.
"multiTask": {"sampling": 0.5, "tasks": {"intent": {"weight": 2, "minAccuracy": 0.9}}} lets small tasks come up more often,
weighs them, and sets a gate: where one is failed, the folder is written and says so, and the status is 1.
`,
    )
    .action(run);
}

/** `name=data:teacher`; the last colon divides, so that data may have a drive. */
function collect(value: string, before: TaskFlag[] = []): TaskFlag[] {
  const [, name, data, teacherDir] = /^([^=]+)=(.+):([^:]+)$/.exec(value) ?? [];
  if (name === undefined) throw new InvalidArgumentError('It must be name=data:teacher.');
  return [...before, { name, data, teacherDir }];
}

async function run(flags: DistillTasksFlags): Promise<void> {
  const { distillTasks, gateText, recommendMultiTaskSpec } = await import('@retort/distill');
  const begun = performance.now();
  const signal = abortOnInterrupt();
  const names = flags.task.map(({ name }) => name);
  const given = flags.spec === undefined ? {} : await readSpecFile(flags.spec, 'RT_INVALID_SPEC');
  const tasks = [];
  for (const { name, data, teacherDir } of flags.task) {
    tasks.push({ name, teacherDir, rows: await readExamples(data).catch((error) => inTask(name, error)) });
  }
  const spec = await recommendMultiTaskSpec(given, tasks);
  const lines = new ProgressLines();
  try {
    const { threads, out: outDir } = flags;
    const trained = await distillTasks({ tasks, spec, outDir, threads, signal, onProgress: lines.show });
    lines.end();
    process.stdout.write('\n');
    for (const { name, metrics, gate } of trained.tasks) {
      const { teacher, student } = metrics;
      process.stdout.write(
        `  ${name}: accuracy ${percent(student.accuracy)} (teacher ${percent(teacher.accuracy)}), agreement ${percent(student.agreement)}, gate ${gateText({ gate })}\n`,
      );
    }
    const seconds = (performance.now() - begun) / 1000;
    process.stdout.write(`\nThe student is in ${outDir} (${duration(seconds)}). Ask it:\n`);
    process.stdout.write(
      `  npx retort predict ${outDir} --task ${names[0]} ${JSON.stringify(tasks[0].rows[0].text)}\n`,
    );
    const report = { passed: trained.passed, tasks: trained.tasks, seconds };
    if (flags.report !== undefined) await writeFile(flags.report, `${JSON.stringify(report, null, 2)}\n`);
    if (!trained.passed) process.exitCode = 1;
  } finally {
    lines.end();
  }
}

function inTask(name: string, error: unknown): never {
  if (!(error instanceof RetortError)) throw error;
  throw new RetortError(error.code, `Task "${name}": ${error.message}`, { cause: error });
}
