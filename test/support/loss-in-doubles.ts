import type { LossOptions } from '@retort/learn';

/** A batch of logits, as rows of numbers. */
export interface LossBatch {
  /** The student's logits. */
  z: number[][];
  /** The teacher's. */
  t: number[][];
  /** -1 for none. */
  labels: number[];
  /** Of the rows; absent: all 1. */
  weights?: number[];
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const mean = (values: number[]) => sum(values) / values.length;

function softmax(logits: number[], temperature = 1): number[] {
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp((logit - highest) / temperature));
  return powers.map((power) => power / sum(powers));
}

const kl = (p: number[], q: number[]) => sum(p.map((value, c) => (value === 0 ? 0 : value * Math.log(value / q[c]!))));

/** Pearson's correlation, with what is added to a variance so that nothing is divided by zero. */
function correlation(x: number[], y: number[], weights: number[], least: number): number {
  const average = (values: number[]) => sum(values.map((value, i) => value * weights[i]!)) / sum(weights);
  const [dx, dy] = [x, y].map((values) => values.map((value) => value - average(values))) as [number[], number[]];
  const covariance = average(dx.map((value, i) => value * dy[i]!));
  const [sx, sy] = [dx, dy].map((d) => Math.sqrt(average(d.map((value) => value * value)) + least)) as [number, number];
  return covariance / (sx * sy);
}

/** Without a class. */
const others = (values: number[], c: number) => values.filter((_, i) => i !== c);

/**
 * The loss of a batch in plain doubles, by the definitions of the papers: it shares no code and no rearranged formula with the graph.
 */
export function lossInDoubles(loss: LossOptions, { z, t, labels, weights }: LossBatch): number {
  const { lambda, temperature: T, labelSmoothing = 0, divergence = 'forward-kl', dkd, dist } = loss;
  const counts = weights ?? labels.map(() => 1);
  const p = t.map((row) => softmax(row, T));
  const q = z.map((row) => softmax(row, T));
  const classes = z[0]!.length;
  const column = (rows: number[][], c: number) => rows.map((row) => row[c]!);
  const ones = Array.from({ length: classes }, () => 1);
  const least = 1e-6 / classes ** 2;
  const overRows = () => mean(ones.map((_, c) => 1 - correlation(column(p, c), column(q, c), counts, least)));
  const intra = divergence === 'dist' ? overRows() : 0;
  const divergenceOf = (i: number): number => {
    const [pi, qi] = [p[i]!, q[i]!];
    switch (divergence) {
      case 'forward-kl':
        return T ** 2 * kl(pi, qi);
      case 'reverse-kl':
        return T ** 2 * kl(qi, pi);
      case 'jensen-shannon': {
        const middle = pi.map((value, c) => (value + qi[c]!) / 2);
        return (T ** 2 * (kl(pi, middle) + kl(qi, middle))) / 2;
      }
      case 'dkd': {
        const y = labels[i]! >= 0 ? labels[i]! : t[i]!.indexOf(Math.max(...t[i]!));
        const tckd = kl([pi[y]!, sum(others(pi, y))], [qi[y]!, sum(others(qi, y))]);
        return T ** 2 * (tckd + dkd!.beta * kl(softmax(others(t[i]!, y), T), softmax(others(z[i]!, y), T)));
      }
      case 'dist':
        return dist!.inter * (1 - correlation(pi, qi, ones, least)) + dist!.intra * intra;
      case 'logit-mse': {
        const difference = z[i]!.map((value, c) => value - mean(z[i]!) - t[i]![c]! + mean(t[i]!));
        return mean(difference.map((value) => value ** 2)) / 2;
      }
    }
  };
  const crossEntropyOf = (i: number): number => {
    if (labels[i]! < 0) return 0;
    const target = ones.map((_, c) => (c === labels[i] ? 1 - labelSmoothing : 0) + labelSmoothing / classes);
    return -sum(softmax(z[i]!).map((value, c) => target[c]! * Math.log(value)));
  };
  return mean(labels.map((_, i) => counts[i]! * (lambda * crossEntropyOf(i) + (1 - lambda) * divergenceOf(i))));
}

/** The gradient of a function of the student's logits by central differences. */
export function differences(f: (z: number[][]) => number, z: number[][], step = 1e-5): number[] {
  return z.flatMap((row, i) =>
    row.map((_, c) => {
      const moved = (by: number) => z.map((values, j) => (j === i ? values.with(c, values[c]! + by) : values));
      return (f(moved(step)) - f(moved(-step))) / (2 * step);
    }),
  );
}
