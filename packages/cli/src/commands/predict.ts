import { RetortError } from '@retort/contracts';
import { Command } from 'commander';
import { percent } from '../terminal/format.js';

export function predictCommand(): Command {
  return new Command('predict')
    .description('Ask a student (or any Hugging Face text classifier in ONNX) on this machine.')
    .argument('<dir>', 'folder of the model')
    .argument('<text...>', 'one or more texts, each quoted')
    .option('--top <n>', 'labels shown per text', '3')
    .option('--task <name>', 'which of its tasks to ask, where it answers several')
    .option('--json', 'one JSON object per text')
    .action(run);
}

async function run(dir: string, texts: string[], flags: { top: string; task?: string; json?: boolean }): Promise<void> {
  const topK = Number(flags.top);
  if (!Number.isInteger(topK) || topK < 1)
    throw new RetortError('RT_INVALID_FIELD', '--top must be a whole number from 1.');
  const { checkText, openTextClassifier } = await import('@retort/text');
  for (const text of texts) checkText(text);
  const model = await openTextClassifier(dir, { placement: 'inline', threads: 1, task: flags.task });
  try {
    const answers = await model.classify(texts, { topK });
    for (const [i, answer] of answers.entries()) {
      if (flags.json) process.stdout.write(`${JSON.stringify({ text: texts[i], ...answer })}\n`);
      else {
        const scores = answer.scores.map(({ label, score }) => `${label} ${percent(score)}`).join(', ');
        process.stdout.write(`${texts[i]}\n  → ${scores}\n`);
      }
    }
  } finally {
    await model.close();
  }
}
