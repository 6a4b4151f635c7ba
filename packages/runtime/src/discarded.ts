import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type * as ort from 'onnxruntime-node';

/** What is sent through a closed port is freed at once; Node 20 has no other way to free an `ArrayBuffer`. */
function openSink(): MessagePort {
  const { port1, port2 } = new MessageChannel();
  port1.close();
  port2.close();
  return port1;
}

/**
 * Frees results that nobody wants: ONNX Runtime's binding copies every output, those as well that it was given a place for. Left to the
 * garbage collector, the copies of a large model's gradients call for it several times a step.
 *
 * The largest one is kept until the next come. A C library gives free memory at the end of its heap back to the system, and to get
 * it again, page by page, costs more than the copies themselves; what lies below a block that is in use stays.
 */
export class Discarded {
  readonly #sink = openSink();
  #kept: ArrayBuffer[] = [];

  take(tensors: readonly ort.Tensor[]): void {
    const buffers = tensors.flatMap(({ data }) => (Array.isArray(data) ? [] : [data.buffer as ArrayBuffer]));
    const largest = Math.max(...buffers.map(({ byteLength }) => byteLength));
    const kept = buffers.splice(
      buffers.findLastIndex(({ byteLength }) => byteLength === largest),
      1,
    );
    this.#sink.postMessage(null, [...buffers, ...this.#kept]);
    this.#kept = kept;
  }
}
