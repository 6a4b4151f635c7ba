import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { RetortError } from '@retort/contracts';

/** A child that stays up this long is healthy again: the next restart is quick. */
const HEALTHY_AFTER = 10_000;
const FIRST_DELAY = 200;
const LAST_DELAY = 10_000;
/** A child that dies this often before it was ever ready will not become so. */
const FRUITLESS_STARTS = 3;

export interface Supervised {
  readonly name: string;
  /** Process id of the running child, undefined between two of them. */
  readonly pid: number | undefined;
  /**
   * Resolves when the first child has said that it is ready (`{type: 'ready'}` over IPC). Rejects with `RT_UNAVAILABLE` when
   * several have died before.
   */
  readonly ready: Promise<void>;
  /** SIGTERM, then SIGKILL after `graceMs`; resolves when the child is gone. */
  stop(graceMs: number): Promise<void>;
}

export interface SuperviseOptions {
  name: string;
  /** The child's script. It must end by itself when its IPC channel closes, so that it never outlives its parent. */
  script: string;
  env: Record<string, string | undefined>;
  onExit?: (reason: string) => void;
}

/** Runs a script in a child process and starts it again, ever more slowly, whenever it dies. */
export function supervise({ name, script, env, onExit }: SuperviseOptions): Supervised {
  let child: ChildProcess | undefined;
  let delay = FIRST_DELAY;
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;
  let fruitless = 0;
  let becomeReady: () => void;
  let giveUp: (reason: RetortError) => void;
  const ready = new Promise<void>((resolve, reject) => {
    becomeReady = resolve;
    giveUp = reject;
  });
  ready.catch(() => undefined); // Whoever waits hears of it; nobody has to.

  const start = () => {
    const startedAt = performance.now();
    child = fork(script, { env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.on('message', (message) => {
      if ((message as { type?: unknown } | null)?.type === 'ready') becomeReady();
    });
    child.once('exit', (code, signal) => {
      child = undefined;
      if (stopping) return;
      if (performance.now() - startedAt > HEALTHY_AFTER) delay = FIRST_DELAY;
      const end = signal ?? `status ${code}`;
      if (++fruitless === FRUITLESS_STARTS) {
        giveUp(
          new RetortError(
            'RT_UNAVAILABLE',
            `The ${name} cannot start: it ended ${fruitless} times (${end}). Its log says why.`,
          ),
        );
      }
      onExit?.(`${name} ended (${end}), starting it again in ${delay} ms`);
      timer = setTimeout(start, delay);
      delay = Math.min(LAST_DELAY, 2 * delay);
    });
  };
  start();

  return {
    name,
    ready,
    get pid() {
      return child?.pid;
    },
    async stop(graceMs) {
      stopping = true;
      clearTimeout(timer);
      if (child === undefined) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const killer = setTimeout(() => child?.kill('SIGKILL'), graceMs);
      await gone;
      clearTimeout(killer);
    },
  };
}
