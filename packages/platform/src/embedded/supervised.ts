import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs "$@" until it ends or standard input closes, which happens when Retort closes it and also when Retort dies in any
 * way, `kill -9` included. So no server outlives the process that it serves.
 *
 * $1: the signal that asks the server to stop; $2: a folder to remove after that, or nothing; $3…: the command.
 */
const SUPERVISOR = `
signal=$1 remove=$2 closed=
shift 2
trap 'closed=yes' USR1
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
(
  cat <&3 >/dev/null
  kill -s USR1 $$
  kill -s "$signal" "$server" 2>/dev/null
  sleep 15 &
  patience=$!
  trap 'kill "$patience" 2>/dev/null; exit' TERM
  wait "$patience"
  kill -s KILL "$server" 2>/dev/null
) &
watcher=$!
exec 3<&-
while :; do
  wait "$server"
  code=$?
  kill -0 "$server" 2>/dev/null || break
done
kill "$watcher" 2>/dev/null
[ -n "$closed" ] && [ -n "$remove" ] && rm -rf "$remove" 2>/dev/null
exit "$code"
`;

export interface SupervisedOptions {
  /** Asks the server to stop: `INT` for PostgreSQL (fast shutdown), `TERM` for Redis. */
  stopSignal: 'INT' | 'TERM';
  /** Removed when the server was stopped or this process is gone; kept when the server ends by itself. */
  remove?: string;
  env?: NodeJS.ProcessEnv;
  cwd: string;
  uid?: number;
  gid?: number;
}

/** A server process that ends with this one. */
export interface Supervised {
  /** Undefined while it runs. */
  exitCode(): number | undefined;
  /** What it wrote to standard output and error, the last 8000 characters. */
  output(): string;
  onExit(listener: (code: number) => void): void;
  /** Asks it to stop and waits until it has; it is killed after 15 seconds. */
  stop(): Promise<void>;
}

/** Starts `command` under a small shell that stops it when this process ends. Does not keep the event loop alive. */
export function startSupervised(command: readonly string[], options: SupervisedOptions): Supervised {
  const { stopSignal, remove = '', env, cwd, uid, gid } = options;
  const child: ChildProcess = spawn(
    '/bin/sh',
    ['-c', SUPERVISOR, 'retort-supervisor', stopSignal, remove, ...command],
    {
      detached: true, // Its own session: Ctrl-C reaches us alone, and the servers stop last.
      stdio: ['pipe', 'pipe', 'pipe'],
      env: env ?? process.env,
      cwd,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    },
  );
  let code: number | undefined;
  let output = '';
  const exited = once(child, 'exit').then(
    ([status]) => {
      code = (status as number | null) ?? -1;
    },
    (error: Error) => {
      output += error.message;
      code = -1;
    },
  );
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-8000);
    });
    (stream as unknown as { unref(): void }).unref();
  }
  child.stdin!.on('error', () => undefined); // It ended by itself.
  (child.stdin as unknown as { unref(): void }).unref();
  child.unref();
  return {
    exitCode: () => code,
    output: () => output.trim(),
    onExit(listener) {
      void exited.then(() => listener(code!));
    },
    async stop() {
      child.ref();
      child.stdin!.end();
      await exited;
    },
  };
}
