/**
 * Whether `a` dominates `b`: it is nowhere worse and somewhere better.
 *
 * @param a @param b costs, less is better, as many of one as of the other
 */
export function dominates(a: readonly number[], b: readonly number[]): boolean {
  return a.every((cost, i) => cost <= b[i]) && a.some((cost, i) => cost < b[i]);
}

/**
 * The points that no other dominates, in their order. Points of equal costs are all in it, or none is.
 *
 * @param costs of a point, less is better
 */
export function paretoFront<T>(points: readonly T[], costs: (point: T) => readonly number[]): T[] {
  const all = points.map(costs);
  return points.filter((_, i) => !all.some((other) => dominates(other, all[i])));
}

/**
 * The fronts one behind the other: the first is that of all points, the next that of what is left (non-dominated sorting, Srinivas &
 * Deb 1994).
 */
export function paretoFronts<T>(points: readonly T[], costs: (point: T) => readonly number[]): T[][] {
  const fronts: T[][] = [];
  for (let left = [...points]; left.length > 0; ) {
    const front = new Set(paretoFront(left, costs));
    fronts.push([...front]);
    left = left.filter((point) => !front.has(point));
  }
  return fronts;
}
