import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A child that stays up this long is healthy again: the next restart is quick. */
const HEALTHY_AFTER = 10_000;
const FIRST_DELAY = 200;
const LAST_DELAY = 10_000;

export interface Supervised {
  readonly name: string;
  /** Process id of the running child, undefined between two of them. */
  readonly pid: number | undefined;
  /** Resolves when the first child has said that it is ready (`{type: 'ready'}` over IPC). */
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
  let becomeReady: () => void;
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });

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
      onExit?.(`${name} ended (${signal ?? `status ${code}`}), starting it again in ${delay} ms`);
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
