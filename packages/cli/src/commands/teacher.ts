import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolveFineTuneSpec } from '@retort/contracts';
import { Command, InvalidArgumentError } from 'commander';
import { duration, percent } from '../terminal/format.js';
import { abortOnInterrupt } from '../terminal/interrupt.js';
import { ProgressLines } from '../terminal/progress-lines.js';
import { positiveInteger, readExamples, readSpecFile } from './read-input.js';

export function teacherCommand(): Command {
  return new Command('teacher').description('Make teachers.').addCommand(trainCommand());
}

interface TrainFlags {
  encoder: string;
  out: string;
  spec?: string;
  report?: string;
  checkpoint?: string;
  seed: number;
  threads: number;
}

function trainCommand(): Command {
  return new Command('train')
    .description('Fine-tune an encoder into a classifier on this machine, with no server.')
    .argument('<data>', 'labelled examples: JSONL or CSV with text, label and split (train, valid, test)')
    .requiredOption('--encoder <dir>', 'folder with model.onnx or onnx/model.onnx, and tokenizer.json')
    .requiredOption('--out <dir>', "where the classifier's folder goes")
    .option('--spec <file>', 'JSON: {"epochs", "learningRate", "layerDecay", "freezeLayers", …}')
    .option('--report <file>', 'write the figures as JSON')
    .option(
      '--checkpoint <file>',
      'keep the state of the training here, and go on from it; one of another training is refused',
    )
    .option('--seed <n>', 'of initial weights and order', wholeNumber, 1)
    .option('--threads <n>', 'threads of each kernel', positiveInteger, availableParallelism())
    .addHelpText(
      'after',
      `
The rows of the split "train" are learned, those of "valid" choose the best epoch, those of "test" are measured.
The folder is a teacher for "retort distill", and a model for pipeline('text-classification').
`,
    )
    .action(train);
}

async function train(data: string, flags: TrainFlags): Promise<void> {
  const { fineTune } = await import('@retort/teachers');
  const signal = abortOnInterrupt();
  const spec = resolveFineTuneSpec(flags.spec === undefined ? {} : await readSpecFile(flags.spec, 'RT_INVALID_FIELD'));
  const rows = await readExamples(data);
  const lines = new ProgressLines();
  try {
    const { metrics } = await fineTune({
      encoderDir: flags.encoder,
      outDir: flags.out,
      rows,
      spec,
      seed: flags.seed,
      threads: flags.threads,
      ...(flags.checkpoint === undefined ? {} : { checkpoint: { path: flags.checkpoint } }),
      signal,
      onProgress: lines.show,
    });
    lines.end();
    const { accuracy, validationAccuracy, bestEpoch, seconds } = metrics;
    const figures = [
      accuracy === undefined ? '' : `accuracy on the test split ${percent(accuracy)}, `,
      validationAccuracy === undefined ? '' : `on the validation split ${percent(validationAccuracy)}, `,
      `epoch ${bestEpoch} of ${metrics.epochs}`,
    ];
    process.stdout.write(`\n${figures.join('')}\n`);
    process.stdout.write(`The teacher is in ${flags.out} (${duration(seconds.fineTuning + seconds.measuring)}).\n`);
    if (flags.report !== undefined) {
      const report = { ...metrics, spec, seed: flags.seed, threads: flags.threads };
      await writeFile(flags.report, `${JSON.stringify(report, null, 2)}\n`);
    }
  } finally {
    lines.end();
  }
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 4_294_967_295) {
    throw new InvalidArgumentError('It must be a whole number from 0 to 4294967295.');
  }
  return number;
}
