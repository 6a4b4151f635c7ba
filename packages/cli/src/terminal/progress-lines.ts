import type { Progress } from '@retort/contracts';
import { duration } from './format.js';

/** How often a stage prints where lines cannot be rewritten (a pipe, a log file), in ms. */
const PLAIN_INTERVAL = 10_000;
const BAR_WIDTH = 24;

/**
 * Shows one line per stage: rewritten in place on a terminal, printed now and then elsewhere.
 * Call {@link ProgressLines.end} before printing anything else.
 */
export class ProgressLines {
  readonly #out: NodeJS.WriteStream;
  #stage: string | undefined;
  #last = '';
  #shown = '';
  #printedAt = 0;

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
  }

  readonly show = (progress: Progress): void => {
    if (progress.stage !== this.#stage) {
      this.end();
      this.#stage = progress.stage;
      this.#printedAt = performance.now();
    }
    this.#last = line(progress);
    if (this.#out.isTTY) this.#rewrite(this.#last);
    else if (performance.now() - this.#printedAt > PLAIN_INTERVAL) this.#print();
  };

  /** Leaves the current stage's last state standing. */
  end(): void {
    if (this.#stage === undefined) return;
    if (this.#out.isTTY) this.#out.write('\n');
    else if (this.#last !== this.#shown) this.#print();
    this.#stage = undefined;
    this.#last = '';
  }

  #rewrite(text: string): void {
    this.#out.cursorTo(0);
    this.#out.write(text.slice(0, this.#out.columns - 1));
    this.#out.clearLine(1);
  }

  #print(): void {
    this.#out.write(`${this.#last}\n`);
    this.#shown = this.#last;
    this.#printedAt = performance.now();
  }
}

function line({ stage, done, total, ratePerSecond, secondsLeft, note }: Progress): string {
  const share = total === 0 ? 1 : done / total;
  const filled = Math.round(share * BAR_WIDTH);
  const bar = '━'.repeat(filled) + '╌'.repeat(BAR_WIDTH - filled);
  const counts = `${done.toLocaleString('en')}/${total.toLocaleString('en')}`;
  const elapsed = ratePerSecond > 0 ? done / ratePerSecond : 0;
  const rate = ratePerSecond > 0 ? `${ratePerSecond.toFixed(ratePerSecond < 10 ? 1 : 0)}/s` : '';
  const left = done >= total ? `in ${duration(elapsed)}` : secondsLeft === null ? '' : `${duration(secondsLeft)} left`;
  return `  ${stage.padEnd(10)} ${bar} ${counts.padStart(13)} ${rate.padStart(8)} ${left.padStart(11)}  ${note ?? ''}`.trimEnd();
}
