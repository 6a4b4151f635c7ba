import type { OnProgress, Progress } from './stages.js';

/**
 * Reports one stage's progress with rate and time left.
 *
 * @param total units of work in the stage (texts, steps, files)
 * @param from units that were done before, by an earlier attempt: they say nothing about the rate
 * @returns a function that takes the units done so far and an optional note
 */
export function progressOf(stage: Progress['stage'], total: number, onProgress: OnProgress | undefined, from = 0) {
  const begun = performance.now();
  return (done: number, note?: string): void => {
    if (onProgress === undefined) return;
    const seconds = (performance.now() - begun) / 1000;
    const ratePerSecond = seconds > 0 ? (done - from) / seconds : 0;
    const secondsLeft = ratePerSecond > 0 ? (total - done) / ratePerSecond : null;
    onProgress({ stage, done, total, ratePerSecond, secondsLeft, ...(note === undefined ? {} : { note }) });
  };
}
