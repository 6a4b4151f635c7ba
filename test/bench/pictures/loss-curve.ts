import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row } from '@retort/contracts';
import { type Examples, encoderStudent, type TrainingExamples, train } from '@retort/learn';
import { loadTokenizer, padBatch, type Tokenizer } from '@retort/text';
import { buildUseLiteTeacher } from '../../../examples/assistant/teacher/use-lite.ts';

/** A training run: the loss after each epoch. */
export interface LossCurve {
  student: { layers: number; width: number; heads: number };
  /** Where the texts come from. */
  data: string;
  rows: { training: number; validation: number };
  batchSize: number;
  /** Peak. */
  learningRate: number;
  /** One for each epoch; losses in nats. */
  points: { step: number; training: number; validation: number; accuracy: number }[];
}

const DATA = 'examples/assistant/data.jsonl';
const STUDENT = { layers: 2, width: 128, heads: 2 };
const MAX_LENGTH = 64;
const TRAINING = { epochs: 20, batchSize: 64, learningRate: 1e-3, seed: 1 };

/** Trains an encoder student on the labels of the assistant example, with the tokenizer of that example's teacher. */
export async function recordLossCurve(threads: number): Promise<LossCurve> {
  const tokenizer = await teacherTokenizer();
  const lines = (await readFile(new URL(`../../../${DATA}`, import.meta.url), 'utf8')).trimEnd().split('\n');
  const rows = lines.map((line) => JSON.parse(line) as Row).filter(({ label }) => label !== undefined);
  const labels = [...new Set(rows.map(({ label }) => label as string))].sort();
  const part = (split: string) =>
    examplesOf(
      rows.filter((row) => row.split === split),
      labels,
      tokenizer,
    );
  const [training, validation] = [part('train'), part('valid')];
  const student = { ...STUDENT, intermediate: 4 * STUDENT.width, maxLength: MAX_LENGTH, dropout: 0 };
  const { history } = await train({
    ...encoderStudent(
      { family: 'encoder', pooling: 'mean', hidden: 0, ...student },
      { vocabularySize: tokenizer.vocabularySize, classes: labels.length, seed: TRAINING.seed },
    ),
    ...training,
    loss: { lambda: 1, temperature: 1 },
    training: TRAINING,
    validate: validation,
    threads,
  });
  const stepsPerEpoch = Math.ceil(training.count / TRAINING.batchSize);
  return {
    student: STUDENT,
    data: DATA,
    rows: { training: training.count, validation: validation.count },
    batchSize: TRAINING.batchSize,
    learningRate: TRAINING.learningRate,
    points: history.map(({ epoch, loss, validation: measured }) => ({
      step: epoch * stepsPerEpoch,
      training: rounded(loss),
      validation: rounded(measured?.loss ?? Number.NaN),
      accuracy: rounded(measured?.value ?? Number.NaN),
    })),
  };
}

async function teacherTokenizer(): Promise<Tokenizer> {
  const folder = await mkdtemp(join(tmpdir(), 'retort-teacher-'));
  try {
    await buildUseLiteTeacher(folder);
    const json = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8')) as unknown;
    return loadTokenizer(await json('tokenizer.json'), await json('tokenizer_config.json'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function examplesOf(rows: Row[], labels: string[], tokenizer: Tokenizer): TrainingExamples & Examples {
  const encoded = rows.map(({ text }) => tokenizer.encode(text, MAX_LENGTH));
  return {
    count: rows.length,
    labels: Int32Array.from(rows, ({ label }) => labels.indexOf(label as string)),
    lengths: Int32Array.from(encoded, ({ length }) => length),
    inputs: (batch) => {
      const { inputIds, attentionMask } = padBatch(
        Array.from(batch, (row) => encoded[row]),
        tokenizer.padId,
      );
      return { input_ids: inputIds, attention_mask: attentionMask };
    },
  };
}

function rounded(value: number): number {
  return Math.round(1e4 * value) / 1e4;
}
