import type { ShapeReport, TrainReport } from './report.ts';

const HEADINGS = ['', 'ms/step', 'texts/s', 'GFLOP/step', 'GFLOP/s', 'sgemm', 'utilization', 'peak RSS'];
const TORCH_HEADINGS = ['torch ms', 'ours/torch', 'RSS ours/torch'];

/** The report for a terminal. */
export function trainTable({ shapes, machine, versions }: TrainReport): string {
  const measured = Object.entries(shapes).filter((entry): entry is [string, ShapeReport] => !('skipped' in entry[1]));
  const withTorch = measured.some(([, { torch }]) => torch !== undefined && !('skipped' in torch));
  const rows = [
    [...HEADINGS, ...(withTorch ? TORCH_HEADINGS : [])],
    ...measured.map(([name, report]) => [name, ...cellsOf(report), ...(withTorch ? torchCellsOf(report) : [])]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
  const drift = measured.map(
    ([
      name,
      {
        sgemmDrift: [low, high],
      },
    ]) => `${name} ${low.toFixed(0)}-${high.toFixed(0)}`,
  );
  const skipped = [
    ...Object.entries(shapes).flatMap(([name, report]) => ('skipped' in report ? [`${name}: ${report.skipped}`] : [])),
    ...new Set(measured.flatMap(([, { torch }]) => (torch && 'skipped' in torch ? [`torch: ${torch.skipped}`] : []))),
  ];
  const { torch, openblas } = versions;
  const peer = torch === undefined ? '' : `, PyTorch ${torch} on OpenBLAS ${openblas}`;
  return [
    lines[0],
    '─'.repeat(lines[0].length),
    ...lines.slice(1),
    '',
    ...skipped.map((reason) => `skipped ${reason}`),
    ...(drift.length > 0 ? [`sgemm over the run, GFLOP/s: ${drift.join(', ')}`] : []),
    `${machine.cpu}, ${machine.cores} cores; Node ${versions.node}, ONNX Runtime ${versions.onnxruntime}${peer}`,
  ].join('\n');
}

function cellsOf({ msPerStep, samplesPerSecond, flopsPerStep, sgemmGflops, utilization, peakRssBytes }: ShapeReport) {
  return [
    msPerStep.toFixed(1),
    samplesPerSecond.toFixed(0),
    (flopsPerStep / 1e9).toFixed(2),
    (flopsPerStep / msPerStep / 1e6).toFixed(0),
    sgemmGflops.toFixed(0),
    utilization.toFixed(3),
    `${(peakRssBytes / 1e6).toFixed(0)} MB`,
  ];
}

function torchCellsOf({ torch }: ShapeReport): string[] {
  if (torch === undefined || 'skipped' in torch) return ['', '', ''];
  return [torch.msPerStep.toFixed(1), torch.ratio.toFixed(3), torch.peakRssRatio.toFixed(2)];
}
