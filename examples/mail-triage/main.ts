/** Distils a mail sorter with `packages/distill` as a library: no server, no queue, one call. */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { distill, resolveSpec } from '@retort/distill';
import { openTextClassifier } from '@retort/text';
import { duration, ProgressLines, percent, reportTable } from 'retort';
import { buildUseLiteTeacher } from '../assistant/teacher/use-lite.js';
import { readCorpus } from './read-corpus.js';

const MAILS = [
  'Meeting moved to Thursday — Hi all, the room is taken on Wednesday, so let us meet on Thursday at ten instead.',
  'You have been selected!!! — Congratulations, claim your FREE cash prize today, click below, no obligation.',
  'This week in gadgets — Top stories: phones, cameras and more. To unsubscribe from this newsletter, visit our site.',
];

const work = await mkdtemp(join(tmpdir(), 'retort-mail-'));
const lines = new ProgressLines();
try {
  const teacherDir = join(work, 'teacher');
  const outDir = join(work, 'student');
  await buildUseLiteTeacher(teacherDir);
  const rows = await readCorpus();
  console.log(`${rows.length.toLocaleString('en')} mails in 3 folders; teacher: Universal Sentence Encoder Lite.\n`);
  const spec = resolveSpec({ training: { epochs: 15 } });
  const { report } = await distill({
    rows,
    teacherDir,
    outDir,
    spec,
    threads: availableParallelism(),
    onProgress: lines.show,
  });
  lines.end();
  console.log(`\n${reportTable(report)}\n\nIn ${duration(report.seconds)}. The student sorts:\n`);
  const student = await openTextClassifier(outDir, { placement: 'inline', threads: 1 });
  for (const [i, { label, confidence }] of (await student.classify(MAILS)).entries()) {
    console.log(`  ${label.padEnd(11)} ${percent(confidence).padStart(6)}  ${MAILS[i]}`);
  }
  await student.close();
} finally {
  lines.end();
  await rm(work, { recursive: true, force: true });
}
