import type { Summary } from '../../test/bench/distill/summary.ts';

export const NOT_RUN = 'not run yet';

/** Seeds of a complete row. */
const SEEDS = 3;

/** A figure with its spread, and the number of seeds where it is not all of them. */
function spread({ mean, deviation, seeds }: Summary, write: (value: number) => string, complete: number): string {
  const around = deviation === undefined ? '' : ` ± ${write(deviation).replace(/^\+/, '')}`;
  const few = seeds < complete ? ` (${seeds} seed${seeds === 1 ? '' : 's'})` : '';
  return `${write(mean)}${around}${few}`;
}

/** Shares as percentages: `95.12 ± 0.20`. */
export function shares(summary: Summary | undefined, { digits = 2, complete = SEEDS } = {}): string {
  return summary === undefined ? NOT_RUN : spread(summary, (value) => (100 * value).toFixed(digits), complete);
}

/** Differences of shares in percentage points, with their sign. */
export function points(summary: Summary | undefined): string {
  return summary === undefined ? NOT_RUN : spread(summary, signed, SEEDS);
}

function signed(share: number): string {
  const text = (100 * share).toFixed(2);
  return text === '-0.00' || share >= 0 ? `+${text.replace('-', '')}` : text;
}

/** Any number with its spread, to so many digits. */
export function numbers(summary: Summary | undefined, digits: number): string {
  return summary === undefined ? NOT_RUN : spread(summary, (value) => value.toFixed(digits), SEEDS);
}

export const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

/** What made a table. */
export function madeBy(...args: string[]): string {
  return `Made by \`npm run bench -- ${args.join(' ')}\`.`;
}
