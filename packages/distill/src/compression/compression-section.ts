import type { CompressionRecord, CompressionStep, StudentMetrics } from '@retort/contracts';

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;

/** The part of a model card that tells how the student was compressed; empty where it was not. */
export function compressionSection(metrics: StudentMetrics): string {
  return `${stepsTable(metrics)}${floatBeside(metrics)}`;
}

/** What each step did to the student; empty without any. */
export function stepsTable({ compression = [] }: Pick<StudentMetrics, 'compression'>): string {
  if (compression.length === 0) return '';
  return `
## Compression

Each step was measured on the validation rows, and kept where the student had lost no more than was allowed. Agreement is with the uncompressed
student.

| step | kept | accuracy | agreement | graph | weights not 0 |
|---|---|---|---|---|---|
${compression.map(rowOf).join('\n')}
`;
}

function rowOf({
  step,
  accepted,
  reason,
  accuracyBefore,
  accuracyAfter,
  agreement,
  ...sizes
}: CompressionRecord): string {
  const cells = [
    nameOf(step),
    accepted ? 'yes' : `no: ${reason}`,
    `${percent(accuracyBefore)} to ${percent(accuracyAfter)}`,
    percent(agreement),
    `${megabytes(sizes.bytesBefore)} to ${megabytes(sizes.bytes)}`,
    sizes.parameters.toLocaleString('en'),
  ];
  return `| ${cells.join(' | ')} |`;
}

function nameOf({ kind, share, minCount, weights, tables }: CompressionStep): string {
  if (kind === 'quantize') {
    const parts = [...(weights === false ? [] : ['weights']), ...(tables === false ? [] : ['tables'])];
    return `int8 ${parts.join(' and ')}`;
  }
  if (kind === 'prune-vocabulary') return `${kind}, tokens rarer than ${minCount}`;
  return `${kind}, ${percent(share ?? 0)}`;
}

/** The int8 form beside the float one on the test texts; empty where the folder answers with the float one. */
export function floatBeside({ student, float, testRows }: StudentMetrics): string {
  if (float === undefined) return '';
  return `
\`onnx/model_quantized.onnx\` is the int8 form and the one that answers, \`onnx/model.onnx\` the same student in float32. On the ${testRows} test
texts the int8 form has an accuracy of ${percent(student.accuracy)} (float32: ${percent(float.accuracy)}), takes ${student.latencyMs.toFixed(3)} ms for one text
(${float.latencyMs.toFixed(3)} ms) and ${megabytes(student.bytes)} (${megabytes(float.bytes)}). It shares one scale of activations among the texts of a
batch, so its scores depend slightly on what a text is batched with.
`;
}
