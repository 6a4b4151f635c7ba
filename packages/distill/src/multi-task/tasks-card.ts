import { type MultiTaskSpec, VERSION } from '@retort/contracts';
import { describeLoss } from '../card/describe-loss.js';
import { describeReading, describeShape, describeUnseenTokens } from '../card/describe-student.js';
import { describeTraining } from '../card/describe-training.js';
import { FIGURES_EXPLAINED, figuresTable, labelTables, percent } from '../card/figures-section.js';
import { floatBeside, stepsTable } from '../compression/index.js';
import type { TrainedTask } from './trained-task.js';

/** What a failed gate says, for people. */
export function gateText({ gate }: Pick<TrainedTask, 'gate'>): string {
  if (gate.passed) return 'passed';
  const reasons = gate.failures.map(
    ({ measure, least, got }) => `${measure} ${percent(got)}, at least ${percent(least)}`,
  );
  return `FAILED: ${reasons.join('; ')}`;
}

/** The `README.md` of a model folder that answers several tasks. */
export function tasksCard({ name, tasks, spec }: { name: string; tasks: TrainedTask[]; spec: MultiTaskSpec }): string {
  const figures = tasks.map(({ name: task, labels, metrics, ...rest }) => {
    const { teacher, student, testRows } = metrics;
    const shares = [teacher.accuracy, student.accuracy, student.agreement, student.calibrationError].map(percent);
    return `| ${[task, labels.length, testRows, ...shares, `${metrics.speedup.toFixed(1)}x`, gateText(rest)].join(' | ')} |`;
  });
  const origins = tasks.map(
    ({ name: task, dataset, teacher }) =>
      `| ${task} | ${dataset.rows} rows, sha256 \`${dataset.digest}\` | ${teacher.name ?? 'unnamed'}, digest \`${teacher.digest}\` |`,
  );
  const { parameters } = tasks[0].metrics.student;
  return `---
library_name: transformers.js
pipeline_tag: text-classification
tags: [distillation, onnx, retort, multi-task]
---

# ${name}

A text classifier of ${tasks.length} tasks, distilled by Retort ${VERSION} from a teacher for each: one trunk, and a head for each task.
It has ${parameters.toLocaleString('en')} parameters in all.

| task | labels | test texts | teacher's accuracy | accuracy | agreement with the teacher | calibration error | speed-up | gate |
|---|---|---|---|---|---|---|---|---|
${figures.join('\n')}

${FIGURES_EXPLAINED}
Bytes, parameters and matrix products are those of the whole student, whichever task it is asked.

${tasks.map(taskSection).join('\n')}${stepsTable(tasks[0].metrics)}
## Use

\`\`\`sh
npx retort predict <this folder> --task ${tasks[0].name} "…"
\`\`\`

Inputs: \`input_ids\` and \`attention_mask\`, int64 \`[batch, tokens]\`. Outputs, float32: ${tasks.map(({ name: task, labels }) => `\`logits.${task}\` \`[batch, ${labels.length}]\``).join(', ')}, a softmax of
which gives the scores of that task, and \`logits\`, all of them side by side, whose labels \`<task>/<label>\` compare within one task only.
${describeReading(spec.student)}

## How it was made

| task | dataset | teacher |
|---|---|---|
${origins.join('\n')}

Student: ${[`${spec.student.family}, ${describeShape(spec.student)}`, describeUnseenTokens(tasks[0].metrics)].filter(Boolean).join('; ')}.
Training: ${describeTraining(spec.training, tasks[0].metrics.bestEpoch)}; rows of a task in proportion to (its rows)^${spec.multiTask.sampling}.
Loss: ${describeLoss(spec.loss)}; of each row over the labels of its task.
`;
}

/** All that was measured of one task, as the card of a student of it alone has it. */
function taskSection({ name, metrics }: TrainedTask): string {
  return `## Task \`${name}\`

${figuresTable(metrics)}
${labelTables(metrics)}${floatBeside(metrics)}`;
}
