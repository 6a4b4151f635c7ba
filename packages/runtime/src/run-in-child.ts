import { fork } from 'node:child_process';
import { RetortError } from '@retort/contracts/values';
import { cancelled } from './cancelled.js';
import { fromWire, toWire, type WireError } from './thread-protocol.js';

export interface ChildOptions {
  /** Path of the child's entry file (see {@link answerParent}). */
  entry: string;
  /** What it works on; must be clonable. */
  request: unknown;
  /** The child is killed after that many milliseconds. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** What the error calls the work, for example `Loading the model`. */
  what: string;
}

/** What a child needs of the environment; passwords and keys of the parent are not for it. */
const ENVIRONMENT = ['PATH', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'];

/**
 * Does one piece of work in a process of its own. For what is not trusted: native code that crashes on a malformed model, or
 * never comes back from it, takes the child with it and nothing else.
 *
 * @throws what the child threw; RetortError `RT_INVALID_MODEL` when it crashed or ran out of time, `RT_CANCELLED`
 */
export function runInChild<Response>({ entry, request, timeoutMs, signal, what }: ChildOptions): Promise<Response> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(cancelled());
      return;
    }
    // Its output goes nowhere: what a native library prints when it aborts is no log line of ours.
    const child = fork(entry, {
      serialization: 'advanced',
      env: Object.fromEntries(ENVIRONMENT.map((name) => [name, process.env[name]])),
      execArgv: [],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      child.removeAllListeners();
      // A child that dies by our own hand may still report it.
      child.on('error', () => {});
      child.kill('SIGKILL');
      finish();
    };
    const abort = () => settle(() => reject(cancelled()));
    const timer = setTimeout(() => {
      const limit = `${what} took longer than ${Math.round(timeoutMs / 1000)} s and was stopped.`;
      settle(() => reject(new RetortError('RT_INVALID_MODEL', limit)));
    }, timeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    child.on('message', (message: ChildAnswer<Response>) =>
      settle(() => ('response' in message ? resolve(message.response) : reject(fromWire(message.error)))),
    );
    child.on('error', (cause) =>
      settle(() => reject(new RetortError('RT_INTERNAL', `The child process failed: ${cause.message}.`, { cause }))),
    );
    child.on('exit', (code, name) =>
      settle(() =>
        reject(
          new RetortError(
            'RT_INVALID_MODEL',
            `${what} crashed the process that tried it (${name ?? `exit status ${code}`}).`,
          ),
        ),
      ),
    );
    child.send({ request });
  });
}

type ChildAnswer<Response> = { response: Response } | { error: WireError };

/** The child's side: answers the one request. Call it once, at the top of the entry file. */
export function answerParent<Request, Response>(answer: (request: Request) => Promise<Response>): void {
  process.once('message', ({ request }: { request: Request }) => {
    answer(request)
      .then<ChildAnswer<Response>, ChildAnswer<Response>>(
        (response) => ({ response }),
        (error: unknown) => ({ error: toWire(error) }),
      )
      .then((message) => process.send?.(message));
  });
  // A parent that is gone wants no answer.
  process.once('disconnect', () => process.exit());
}
