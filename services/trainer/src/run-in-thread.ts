import { type TransferListItem, Worker } from 'node:worker_threads';
import type { OnProgress } from '@retort/contracts';
import { entryOf, fromWire } from '@retort/runtime';
import type { FromThread, Task, TaskKind, Tasks, ToThread, TrainingWarning } from './thread-messages.js';

/** How long an aborted thread may take to stop by itself (one native run may be under way), in milliseconds. */
const ABORT_GRACE_MS = 3_000;

export interface RunInThreadOptions {
  signal: AbortSignal;
  onProgress: OnProgress;
  /** Called for what the training goes on in spite of. */
  onWarning: (warning: TrainingWarning, error: Error) => void;
  /** Buffers within the task that are moved, not copied. */
  transfer?: TransferListItem[];
}

/**
 * Trains in a worker thread of its own.
 *
 * @throws what the training throws (`RT_CANCELLED` after an abort); an `Error` when the thread dies, out of memory for
 * example
 */
export async function runInThread<K extends TaskKind>(
  kind: K,
  options: Tasks[K]['options'],
  { signal, onProgress, onWarning, transfer = [] }: RunInThreadOptions,
): Promise<Tasks[K]['result']> {
  signal.throwIfAborted();
  // By package export, so that it is the built file also where this one is run from its source.
  const entry = entryOf('@retort/trainer/training-thread', import.meta.url);
  const worker = new Worker(entry, { workerData: { kind, options } as Task, transferList: transfer, execArgv: [] });
  let killer: NodeJS.Timeout | undefined;
  const abort = (): void => {
    worker.postMessage({ type: 'abort' } satisfies ToThread);
    killer = setTimeout(() => void worker.terminate(), ABORT_GRACE_MS);
  };
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await new Promise<Tasks[K]['result']>((resolve, reject) => {
      worker.on('message', (message: FromThread) => {
        if (message.type === 'progress') onProgress(message.progress);
        else if (message.type === 'warning') onWarning(message.warning, fromWire(message.error));
        else if (message.type === 'done') resolve(message.result as Tasks[K]['result']);
        else reject(fromWire(message.error));
      });
      worker.on('error', reject);
      worker.on('exit', (code) => reject(new Error(`The training thread ended with status ${code} and no result.`)));
    });
  } finally {
    signal.removeEventListener('abort', abort);
    clearTimeout(killer);
    await worker.terminate();
  }
}
