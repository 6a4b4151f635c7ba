import { RetortError } from '@retort/contracts/values';
import { VECTORS_BYTES } from './kernel-bytes.js';
import { Instance, Memory, Module, type WasmMemory } from './web-assembly.js';

const PAGE = 65_536;
/** Addresses are 32-bit. */
const MAX_BYTES = 2 ** 32 - PAGE;
/** Vectors are loaded 16 bytes at a time, quickest from such addresses. */
const ALIGNMENT = 16;

/** kernels/vectors.wat. Addresses in bytes, lengths in floats. */
interface VectorKernels {
  squareSum(x: number, n: number): number;
  addScaled(y: number, x: number, n: number, factor: number): void;
  blend(y: number, x: number, n: number, factor: number): void;
}

/**
 * Memory that holds weights, optimizer state and gradients, with WebAssembly kernels that work on it in place. ONNX Runtime
 * reads the weights from it as ordinary views.
 */
export class OptimizerMemory {
  readonly #memory: WasmMemory;
  readonly #vectors: VectorKernels;
  #next = 0;

  /**
   * @param sizes elements (of 4 bytes) of each array that will be asked for.
   * @throws RetortError `RT_INVALID_MODEL` above 4 GiB.
   */
  constructor(sizes: number[]) {
    const bytes = bytesOf(sizes);
    this.#memory = new Memory({ initial: Math.ceil(bytes / PAGE) });
    this.#vectors = this.load<VectorKernels>(VECTORS_BYTES);
  }

  /** The functions of an assembled kernel, on this memory. */
  load<Kernels>(bytes: Uint8Array): Kernels {
    return new Instance(new Module(bytes), { retort: { memory: this.#memory } }).exports as Kernels;
  }

  floats(size: number): Float32Array {
    return new Float32Array(this.#memory.buffer, this.#take(size), size);
  }

  ints(size: number): Int32Array {
    return new Int32Array(this.#memory.buffer, this.#take(size), size);
  }

  #take(size: number): number {
    const at = this.#next;
    this.#next += aligned(4 * size);
    return at;
  }

  /** Σ x² over the first `length` elements, in doubles. */
  squareSum(x: Float32Array, length = x.length): number {
    return this.#vectors.squareSum(x.byteOffset, length);
  }

  /** y ← y + factor·x. Both of one length, and of this memory. */
  addScaled(y: Float32Array, x: Float32Array, factor: number): void {
    this.#vectors.addScaled(y.byteOffset, x.byteOffset, y.length, factor);
  }

  /** y ← y + factor·(x - y) over `length` elements from element `from`. Both of this memory. */
  blend(y: Float32Array, x: Float32Array, factor: number, from = 0, length = y.length): void {
    this.#vectors.blend(y.byteOffset + 4 * from, x.byteOffset + 4 * from, length, factor);
  }
}

/**
 * Bytes of a memory for arrays of these sizes, in elements.
 *
 * @throws RetortError `RT_INVALID_MODEL` above 4 GiB
 */
export function bytesOf(sizes: number[]): number {
  const bytes = sizes.reduce((sum, size) => sum + aligned(4 * size), 0);
  if (bytes <= MAX_BYTES) return bytes;
  throw new RetortError(
    'RT_INVALID_MODEL',
    `Training needs ${bytes} bytes for weights and optimizer; the limit is ${MAX_BYTES}: train fewer weights or take a smaller model.`,
  );
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
