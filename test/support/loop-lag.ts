import { readFileSync } from 'node:fs';

/** Between two looks, in milliseconds. */
const TICK_MS = 2;

/** Milliseconds that the main thread has run on a CPU, by the kernel's account; wall time where there is none. */
function cpuTime(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

/** Milliseconds that the main thread was ready to run and waited for a CPU, by the kernel's account; 0 where there is none. */
export function cpuWait(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

/**
 * Measures the longest turn of the event loop in CPU time of the main thread (on Linux). By the clock, a machine whose
 * CPUs are busy with other processes could not be told from a blocked loop.
 *
 * @returns a function that ends the measurement and gives the longest turn in milliseconds
 */
export function watchLoop(): () => number {
  let longest = 0;
  let at = cpuTime();
  const timer = setInterval(() => {
    const now = cpuTime();
    longest = Math.max(longest, now - at);
    at = now;
  }, TICK_MS);
  return () => {
    clearInterval(timer);
    return longest;
  };
}
