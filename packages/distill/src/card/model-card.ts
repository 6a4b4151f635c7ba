import type { DistillationSpec, Lineage, StageMetrics, StudentMetrics } from '@retort/contracts';
import { compressionSection } from '../compression/index.js';
import { ensembleDefaults } from '../ensemble/ensemble-problems.js';
import { describeQueries, describeTransferSet } from './describe-labelling.js';
import { describeCurriculum, describeLoss, describeSoftLabels } from './describe-loss.js';
import { describeReading, describeShape, describeUnseenTokens } from './describe-student.js';
import { describeTraining } from './describe-training.js';
import { FIGURES_EXPLAINED, figuresTable, labelTables, percent } from './figures-section.js';
import { selectionSection } from './selection-card.js';

export interface ModelCard {
  name: string;
  labels: readonly string[];
  lineage: Lineage;
  metrics: StudentMetrics;
}

/** The `README.md` of a model folder, in the form that model hubs read: front matter, figures, use, lineage. */
export function modelCard({ name, labels, lineage, metrics }: ModelCard): string {
  const { student } = metrics;
  const { spec } = lineage;
  return `---
library_name: transformers.js
pipeline_tag: text-classification
tags: [distillation, onnx, retort]
---

# ${name}

A text classifier of ${labels.length} labels, distilled by Retort ${lineage.codeVersion} from a teacher
that it answers in place of.

${figuresTable(metrics)}
${FIGURES_EXPLAINED}

## By label

${labelTables(metrics)}
## Use

\`\`\`js
import { pipeline } from '@huggingface/transformers';

const classify = await pipeline('text-classification', '<this folder>', { dtype: '${metrics.float ? 'q8' : 'fp32'}', local_files_only: true });
console.log(await classify('…', { top_k: 3 }));
\`\`\`

Inputs: \`input_ids\` and \`attention_mask\`, int64 \`[batch, tokens]\`. Output: \`logits\`, float32 \`[batch, ${labels.length}]\`; a softmax gives the
scores. ${describeReading(spec.student)}

## How it was made

| | |
|---|---|
| student | ${spec.student.family}: ${describeShape(spec.student)}, ${student.parameters.toLocaleString('en')} parameters |
${row('unseen words', describeUnseenTokens(metrics))}| loss | ${describeLoss(spec.loss)} |
${row('soft labels', describeSoftLabels(spec, metrics.temperatures))}${row('features', describeFeatures(spec))}${row('curriculum', describeCurriculum(spec))}| training | ${describeTraining(spec.training, metrics.bestEpoch)} |
${row('transfer set', describeTransferSet(metrics))}${row('questions to teachers', describeQueries(metrics))}| dataset | ${lineage.dataset.rows} rows, sha256 \`${lineage.dataset.digest}\` |
${teachersOf(lineage, metrics)}
${selectionSection(lineage.selection)}${metrics.stages ? stagesOf(metrics.stages, spec) : ''}${compressionSection(metrics)}
## Limits

It knows only these labels, and answers one of them for any text at all. It reads surface forms: a request worded unlike
anything in the training text is likelier to be missed than by its teacher. The licence of the teacher and of the data may
bind what is distilled from them.
`;
}

/** A row for each teacher; of several with the accuracy of each, and how they were combined. */
function teachersOf(
  { teacher, teachers = [teacher], spec }: Lineage,
  { teachers: figures = [] }: StudentMetrics,
): string {
  const rows = teachers.map(({ name, digest }, k) => {
    const alone = figures[k] === undefined ? '' : `, ${percent(figures[k].accuracy)} by itself`;
    return `| teacher | ${name ?? 'unnamed'}${alone}, digest \`${digest}\` |`;
  });
  if (teachers.length === 1) return rows[0];
  const { combine, weighting } = spec.ensemble ?? ensembleDefaults();
  return [...rows, `| their answer | weighted mean of ${combine}, weights by ${weighting.by} |`].join('\n');
}

/** Assistants and depths that came before the student, with what each of them reached. */
function stagesOf(stages: readonly StageMetrics[], { progressive }: DistillationSpec): string {
  const assistants = (progressive?.assistants ?? []).map(
    ({ student }, i) => `\`assistant-${i + 1}\`: ${describeShape(student)}.`,
  );
  const line = ({ stage, parameters, epochs, bestEpoch, validation, loss }: StageMetrics) =>
    `| ${[
      stage,
      parameters.toLocaleString('en'),
      `${epochs} (${bestEpoch})`,
      loss.toFixed(3),
      validation?.accuracy === undefined ? '' : percent(validation.accuracy),
      validation === undefined ? '' : percent(validation.agreement),
    ].join(' | ')} |`;
  return `It was trained in ${stages.length} stages, measured on the validation texts. ${assistants.join(' ')}

| stage | parameters | epochs (best) | loss | accuracy | agreement with the teacher |
|---|---|---|---|---|---|
${stages.map(line).join('\n')}

`;
}

/** A row of the table; none where there is nothing to tell. */
function row(title: string, text: string): string {
  return text === '' ? '' : `| ${title} | ${text} |\n`;
}

/** What is compared inside teacher and student; nothing where nothing is. */
function describeFeatures({ features = [] }: DistillationSpec): string {
  return features.map(({ kind, weight }) => `${weight} · ${kind}`).join(', ');
}
