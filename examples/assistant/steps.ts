import { openAsBlob } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RetortClient, type RetortEvent, unwrap } from '@retort/client';
import type { DistillationReport, Progress } from '@retort/contracts';
import { ProgressLines, percent } from 'retort';

const TASK = 'assistant';

/** The sources stay where they are; the compiled script runs from `examples/dist/assistant`. */
const DATA = fileURLToPath(new URL('../../assistant/data.jsonl', import.meta.url));

const QUESTIONS = [
  'wake me at seven tomorrow',
  'i can barely see in here',
  'the dentist can only do friday, so shift it',
  'whats 200 dollars in yen',
  'is the road to the airport jammed?',
  'why is the sky blue',
];

type Say = (line: string) => void;

/** From an empty platform to a deployed student: each step is one request that any HTTP client could make. */
export async function distilAssistant(
  retort: RetortClient,
  teacherDir: string,
  say: Say,
): Promise<Omit<DistillationReport, 'seconds'>> {
  const path = { task: TASK };
  await unwrap(
    await retort.PUT('/v1/tasks/{task}', {
      params: { path },
      body: { description: 'What the user of an assistant wants' },
    }),
  );
  say(`PUT  /v1/tasks/${TASK}`);

  const dataset = await retort.uploadDataset(TASK, await openAsBlob(DATA), { format: 'jsonl' });
  const labels = Object.keys(dataset.counts.labels).length;
  say(`POST /v1/tasks/${TASK}/datasets   ${dataset.rows.toLocaleString('en')} rows, ${labels} labels: ${dataset.id}`);

  const head = { dataset: dataset.id };
  const registered = await retort.uploadTeacher({ name: 'use-lite', task: TASK, head }, await modelFiles(teacherDir));
  say(`POST /v1/teachers                   Universal Sentence Encoder Lite, head to be trained: ${registered.id}`);
  const teacher = await shown((onEvent) => retort.waitForTeacher(registered.id, { onEvent }));
  if (teacher.status !== 'ready') throw new Error(`The teacher failed: ${teacher.error?.detail}`);

  const submitted = unwrap(
    await retort.POST('/v1/distillations', {
      // Without the generated texts that are recommended: a first look is not to take minutes.
      body: {
        ...{ task: TASK, dataset: dataset.id, teacher: teacher.id },
        spec: { transferSet: { multiply: 0 }, training: { epochs: 25 } },
      },
    }),
  );
  say(`POST /v1/distillations              ${submitted.id}`);
  const job = await shown((onEvent) => retort.waitForDistillation(submitted.id, { onEvent }));
  if (job.status !== 'succeeded' || job.metrics === null || job.model === null) {
    throw new Error(`The distillation ${job.status}: ${job.error?.detail ?? 'no reason was given'}`);
  }

  const champion = { params: { path: { task: TASK, alias: 'champion' } }, body: { model: job.model } };
  unwrap(await retort.PUT('/v1/tasks/{task}/aliases/{alias}', champion));
  say(`PUT  /v1/tasks/${TASK}/aliases/champion   ${job.model}`);
  const { accuracy, agreement, bytes, latencyMs } = job.metrics.student;
  return {
    teacher: job.metrics.teacher,
    student: { accuracy, agreement, bytes, latencyMs },
    speedup: job.metrics.speedup,
  };
}

/** Asks the deployed student a handful of things that stand in no split of the data. */
export async function askStudent(retort: RetortClient, say: Say): Promise<void> {
  say('POST /infer');
  const { outputs } = await retort.inferAll(TASK, QUESTIONS);
  for (const [i, { label, confidence }] of outputs.entries()) {
    say(`  ${QUESTIONS[i].padEnd(46)} ${label.padEnd(20)} ${percent(confidence).padStart(6)}`);
  }
}

/** Waits for a job with a live line for each of its stages. */
async function shown<T>(wait: (onEvent: (event: RetortEvent) => void) => Promise<T>): Promise<T> {
  const lines = new ProgressLines(process.stdout);
  try {
    return await wait(({ type, data }) => {
      if (type === 'progress') lines.show(data as unknown as Progress);
    });
  } finally {
    lines.end();
  }
}

async function modelFiles(dir: string): Promise<{ path: string; content: Blob }[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (file) => ({ path: relative(dir, file).split(sep).join('/'), content: await openAsBlob(file) })),
  );
}
