import type { DistillationSpec, Lineage, StageMetrics, StudentMetrics } from '@retort/contracts';
import { compressionSection } from './compression/index.js';
import { describeQueries, describeTransferSet } from './describe-labelling.js';
import { describeCurriculum, describeLoss, describeSoftLabels } from './describe-loss.js';
import { describeReading, describeShape } from './describe-student.js';
import { ensembleDefaults } from './ensemble-problems.js';
import { selectionSection } from './selection-card.js';

export interface ModelCard {
  name: string;
  labels: readonly string[];
  lineage: Lineage;
  metrics: StudentMetrics;
}

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const megaflops = (flops: number) => `${(flops / 1e6).toPrecision(3)} MFLOP`;
const milliseconds = (ms: number) => `${ms < 1 ? ms.toFixed(3) : ms.toFixed(2)} ms`;

/** The `README.md` of a model folder, in the form that model hubs read: front matter, figures, use, lineage. */
export function modelCard({ name, labels, lineage, metrics }: ModelCard): string {
  const { teacher, student } = metrics;
  const { spec } = lineage;
  return `---
library_name: transformers.js
pipeline_tag: text-classification
tags: [distillation, onnx, retort]
---

# ${name}

A text classifier of ${labels.length} labels, distilled by Retort ${lineage.codeVersion} from a teacher
that it answers in place of.

| on ${metrics.testRows} test texts | teacher | this student |
|---|---|---|
| accuracy | ${percent(teacher.accuracy)} | ${percent(student.accuracy)} |
| macro-F1 | ${percent(teacher.macroF1)} | ${percent(student.macroF1)} |
| agreement with the teacher | | ${percent(student.agreement)} |
| mean KL(teacher‖student), nats | | ${student.klToTeacher.toFixed(3)} |
| expected calibration error | ${percent(teacher.calibrationError)} | ${percent(student.calibrationError)} (${percent(student.uncalibratedError)} before calibration) |
${scopeRows(metrics)}| one text, one thread, tokenizer included: p50 | ${milliseconds(teacher.latencyMs)} | ${milliseconds(student.latencyMs)} (${metrics.speedup.toFixed(1)}x) |
| the same: p99 | ${milliseconds(teacher.latency.one.p99Ms)} | ${milliseconds(student.latency.one.p99Ms)} |
| 32 texts at once: p50 | ${milliseconds(teacher.latency.batch32.p50Ms)} | ${milliseconds(student.latency.batch32.p50Ms)} |
| the same: p99 | ${milliseconds(teacher.latency.batch32.p99Ms)} | ${milliseconds(student.latency.batch32.p99Ms)} |
| size on disk | ${megabytes(teacher.bytes)} | ${megabytes(student.bytes)} |
| parameters | | ${student.parameters.toLocaleString('en')} |
| matrix products for a text of median length | | ${megaflops(student.flops)} |

Accuracy is measured against the dataset's labels, agreement against the teacher's answers. Latencies are from the machine
that trained it: compare them with each other only.

## By label

${classTable(metrics)}
${confusionTable(metrics)}
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
| loss | ${describeLoss(spec.loss)} |
${row('soft labels', describeSoftLabels(spec, metrics.temperatures))}${row('features', describeFeatures(spec))}${row('curriculum', describeCurriculum(spec))}| training | ${spec.training.epochs} epochs (best: ${metrics.bestEpoch}), batch ${spec.training.batchSize}, ${training(spec)}, seed ${spec.training.seed} |
${row('transfer set', describeTransferSet(metrics))}${row('questions to teachers', describeQueries(metrics))}${row('calibration', calibration(metrics))}| dataset | ${lineage.dataset.rows} rows, sha256 \`${lineage.dataset.digest}\` |
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

function scopeRows({ outOfScope }: StudentMetrics): string {
  if (outOfScope === undefined) return '';
  const { label, rows, teacher, student } = outOfScope;
  const of = `out of scope (${rows} texts labelled \`${cell(label)}\`)`;
  return `| ${of}: AUROC | ${percent(teacher.auroc)} | ${percent(student.auroc)} |
| ${of}: recall at 95% in scope | ${percent(teacher.recallAt95)} | ${percent(student.recallAt95)} |
`;
}

function classTable({ perClass }: StudentMetrics): string {
  const rows = perClass.map(
    ({ label, precision, recall, f1, support }) =>
      `| ${cell(label)} | ${support} | ${percent(precision)} | ${percent(recall)} | ${percent(f1)} |`,
  );
  return `| label | test texts | precision | recall | F1 |
|---|---:|---:|---:|---:|
${rows.join('\n')}
`;
}

/** The wrong answers, most frequent first. */
function confusionTable({ confusions }: StudentMetrics): string {
  if (confusions.length === 0) return '';
  const rows = confusions.map(({ actual, predicted, count }) => `| ${cell(actual)} | ${cell(predicted)} | ${count} |`);
  return `| label | answered instead | times |
|---|---|---:|
${rows.join('\n')}
`;
}

/** A label is a user's text: in a table a bar would end the cell. */
const cell = (text: string) => text.replace(/[\\|`]/g, '\\$&');

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

/** Optimizer and schedule, and of the rest what was not left at its default. */
function training({ training }: DistillationSpec): string {
  const { optimizer, learningRate, schedule, accumulate, averageDecay, mixup, patience } = training;
  return [
    `${optimizer === 'sgd' ? 'SGD' : 'AdamW'} at ${learningRate}, ${schedule}`,
    ...(accumulate > 1 ? [`${accumulate} batches a step`] : []),
    ...(averageDecay > 0 ? [`weights averaged with decay ${averageDecay}`] : []),
    ...(mixup > 0 ? [`vectors of texts mixed by Beta(${mixup}, ${mixup})`] : []),
    ...(patience > 0 ? [`stopped after ${patience} epochs without gain`] : []),
  ].join(', ');
}

/** A row of the table; none where there is nothing to tell. */
function row(title: string, text: string): string {
  return text === '' ? '' : `| ${title} | ${text} |\n`;
}

function calibration({ temperatures }: StudentMetrics): string {
  return temperatures === undefined
    ? ''
    : `logits divided by ${temperatures.student.toFixed(3)}, by the validation texts`;
}

/** What is compared inside teacher and student; nothing where nothing is. */
function describeFeatures({ features = [] }: DistillationSpec): string {
  return features.map(({ kind, weight }) => `${weight} · ${kind}`).join(', ');
}
