import { InlineSession } from './inline-session.js';
import type { ModelSession, SessionOptions } from './session.js';
import { ThreadedSession } from './threaded-session.js';

/**
 * Loads an ONNX model from its bytes or from a file.
 *
 * @param source bytes (do not change them while the session lives: a worker that dies is replaced from them) or a path
 * @throws RetortError `RT_INVALID_MODEL` where ONNX Runtime refuses it, with its message
 */
export function openSession(source: Uint8Array | string, options: SessionOptions = {}): Promise<ModelSession> {
  const { threads = 1, placement = 'thread' } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`threads must be an integer of at least 1, not ${threads}`);
  return placement === 'inline' ? InlineSession.open(source, options) : ThreadedSession.open(source, options);
}
