import { parentPort, type Transferable, workerData } from 'node:worker_threads';
import { type FromWorker, type ToWorker, toWire } from './thread-protocol.js';

/** What a worker made ready. */
export interface ThreadService<Ready, Request, Response> {
  /** Sent once to the thread that opened the worker. */
  ready: Ready;
  /** Answers one request; requests are answered one at a time, in order. */
  handle(request: Request): Promise<{ response: Response; transfer?: Transferable[] }>;
  close(): Promise<void>;
}

/**
 * Runs the worker side of a {@link ThreadHost}: opens the service from what the host sent, then answers requests until the
 * host closes it. Call it once, at the top of a worker's entry file.
 */
export async function serveThread<Init, Ready, Request, Response>(
  open: (init: Init) => Promise<ThreadService<Ready, Request, Response>>,
): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('This file is the entry of a worker thread: open it with ThreadHost.');
  const send = (message: FromWorker<Ready, Response>, transfer: Transferable[] = []) =>
    port.postMessage(message, transfer);
  // Before the listener is attached messages queue up in the port, so none is missed while the service opens.
  let service: ThreadService<Ready, Request, Response>;
  try {
    service = await open(workerData as Init);
  } catch (error) {
    send({ failed: toWire(error) });
    return;
  }
  let last: Promise<void> = Promise.resolve();
  const answer = async (message: ToWorker<Request>): Promise<void> => {
    if (message === 'close') {
      await service.close();
      port.close();
      return;
    }
    const { id, request } = message;
    try {
      const { response, transfer } = await service.handle(request);
      send({ id, response }, transfer);
    } catch (error) {
      send({ id, error: toWire(error) });
    }
  };
  port.on('message', (message: ToWorker<Request>) => {
    last = last.then(() => answer(message));
  });
  send({ ready: service.ready });
}
