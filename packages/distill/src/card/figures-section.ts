import type { StudentMetrics } from '@retort/contracts';

/** Of a share, 0..1. */
export const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const megaflops = (flops: number) => `${(flops / 1e6).toPrecision(3)} MFLOP`;
const milliseconds = (ms: number) => `${ms < 1 ? ms.toFixed(3) : ms.toFixed(2)} ms`;

/** How to read {@link figuresTable}. */
export const FIGURES_EXPLAINED = `Accuracy is measured against the dataset's labels, agreement against the teacher's answers. Latencies are from the machine
that trained it: compare them with each other only.`;

/** What was measured on the test texts of one task, teacher beside student, as a table of a model card. */
export function figuresTable(metrics: StudentMetrics): string {
  const { teacher, student } = metrics;
  return `| on ${metrics.testRows} test texts | teacher | this student |
|---|---|---|
| accuracy | ${percent(teacher.accuracy)} | ${percent(student.accuracy)} |
| macro-F1 | ${percent(teacher.macroF1)} | ${percent(student.macroF1)} |
| agreement with the teacher | | ${percent(student.agreement)} |
| mean KL(teacher‖student), nats | | ${student.klToTeacher.toFixed(3)} (${student.uncalibratedKl.toFixed(3)} before calibration) |
| expected calibration error | ${percent(teacher.calibrationError)} | ${percent(student.calibrationError)} (${percent(student.uncalibratedError)} before calibration) |
${temperatureRow(metrics)}${scopeRows(metrics)}| one text, one thread, tokenizer included: p50 | ${milliseconds(teacher.latencyMs)} | ${milliseconds(student.latencyMs)} (${metrics.speedup.toFixed(1)}x) |
| the same: p99 | ${milliseconds(teacher.latency.one.p99Ms)} | ${milliseconds(student.latency.one.p99Ms)} |
| 32 texts at once: p50 | ${milliseconds(teacher.latency.batch32.p50Ms)} | ${milliseconds(student.latency.batch32.p50Ms)} |
| the same: p99 | ${milliseconds(teacher.latency.batch32.p99Ms)} | ${milliseconds(student.latency.batch32.p99Ms)} |
| size on disk | ${megabytes(teacher.bytes)} | ${megabytes(student.bytes)} |
| parameters | | ${student.parameters.toLocaleString('en')} |
| matrix products for a text of median length | | ${megaflops(student.flops)} |
`;
}

/** How it did on each label, and which it mistook for which. */
export function labelTables(metrics: StudentMetrics): string {
  return `${classTable(metrics)}
${confusionTable(metrics)}`;
}

function temperatureRow({ temperatures }: StudentMetrics): string {
  return temperatures
    ? `| what its logits were divided by to calibrate them | | ${temperatures.student.toFixed(3)} |\n`
    : '';
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
