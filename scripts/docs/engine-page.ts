import { GRADIENT_OPSETS, type SupportedOp, supportedOps } from '@retort/onnx';
import type { ShapeReport, TrainReport } from '../../test/bench/train/report.ts';
import { flopsPerStep, type ReferenceShape, SHAPES } from '../../test/bench/train/shapes.ts';
import { markdownTable, replaceSection } from './sections.ts';

/** `docs/engine.md` with what the code and the last saved benchmark say. */
export function enginePage(page: string, report: TrainReport): string {
  const sections = { operators: operators(), shapes: shapes(), figures: figures(report) };
  return Object.entries(sections).reduce((text, [name, content]) => replaceSection(text, name, content), page);
}

function operators(): string {
  const ops = supportedOps();
  const domains = [...new Set(ops.map(({ domain }) => domain))];
  const list = (title: string, belongs: (op: SupportedOp) => boolean) =>
    domains.flatMap((domain) => {
      const names = ops.filter((op) => op.domain === domain && belongs(op)).map(({ op }) => `\`${op}\``);
      return names.length === 0 ? [] : [`**${title}, ${domain || 'ai.onnx'}** (${names.length}): ${names.join(', ')}.`];
    });
  return [
    `Opsets ${GRADIENT_OPSETS.min} to ${GRADIENT_OPSETS.max} of ai.onnx.`,
    ...list('Differentiable', ({ differentiable, fused }) => differentiable && !fused),
    ...list('Fused, taken apart first', ({ fused }) => fused),
    ...list('Shapes only', ({ differentiable }) => !differentiable),
  ].join('\n\n');
}

function shapes(): string {
  const heading = ['shape', 'batch x tokens', 'vocabulary', 'classes', 'model', 'GFLOP per step'];
  const rows = SHAPES.map((shape) => [
    `\`${shape.name}\``,
    `${shape.batch} x ${shape.tokens}`,
    `${shape.vocabulary}`,
    `${shape.classes}`,
    modelOf(shape),
    (flopsPerStep(shape) / 1e9).toFixed(3),
  ]);
  return markdownTable([heading, ...rows], ['---', '---', '---:', '---:', '---', '---:']);
}

function modelOf(shape: ReferenceShape): string {
  if (shape.family === 'static') {
    const { minGram, maxGram, width, hidden } = shape;
    return `n-grams of ${minGram} to ${maxGram}, width ${width} each, hidden ${hidden}`;
  }
  const { layers, width, heads, intermediate } = shape;
  const sizes = `${layers} layers, width ${width}, ${heads} heads, feed-forward ${intermediate}`;
  return shape.family === 'minilm' ? `all-MiniLM-L6-v2, all weights: ${sizes}` : sizes;
}

function figures({ shapes: measured, machine, versions, date }: TrainReport): string {
  const heading = [
    'shape',
    'ms per step',
    'texts/s',
    'GFLOP/s',
    'bound',
    'utilization',
    'peak memory',
    'time ours / PyTorch',
    'memory ours / PyTorch',
  ];
  const rows = Object.entries(measured).map(([name, report]) => [
    `\`${name}\``,
    ...('skipped' in report ? [`not measured: ${report.skipped}`, '', '', '', '', '', '', ''] : cellsOf(report)),
  ]);
  const { torch, openblas } = versions;
  const peer = torch === undefined ? '' : `, PyTorch ${torch} with OpenBLAS ${openblas}`;
  const threads = new Set(Object.values(measured).flatMap((report) => ('threads' in report ? [report.threads] : [])));
  return [
    markdownTable([heading, ...rows], ['---', ...Array<string>(8).fill('---:')]),
    `${machine.cpu}, ${machine.cores} cores, ${[...threads].join(' and ')} threads; Node ${versions.node}, ONNX Runtime ${versions.onnxruntime}${peer}; ${date.slice(0, 10)}.`,
  ].join('\n\n');
}

function cellsOf({
  msPerStep,
  samplesPerSecond,
  flopsPerStep: flops,
  sgemmGflops,
  utilization,
  peakRssBytes,
  torch,
}: ShapeReport) {
  const compared = torch !== undefined && 'ratio' in torch;
  return [
    msPerStep.toFixed(1),
    samplesPerSecond.toFixed(0),
    (flops / msPerStep / 1e6).toFixed(0),
    sgemmGflops.toFixed(0),
    utilization.toFixed(2),
    `${(peakRssBytes / 1e6).toFixed(0)} MB`,
    compared ? torch.ratio.toFixed(2) : '',
    compared ? torch.peakRssRatio.toFixed(2) : '',
  ];
}
