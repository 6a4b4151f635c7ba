import { RetortError } from '@retort/contracts';
import { ADAMW_BYTES } from './adamw-bytes.js';
import { Instance, Memory, Module, type WasmMemory } from './web-assembly.js';

const PAGE = 65_536;
/** Addresses are 32-bit. */
const MAX_BYTES = 2 ** 32 - PAGE;
/** Vectors are loaded 16 bytes at a time, quickest from such addresses. */
const ALIGNMENT = 16;

/** The numbers of one AdamW step that are the same for all weights; `AdamW` has the formula. */
export interface StepScalars {
  /** Factor on the gradient, from clipping. */
  scale: number;
  beta1: number;
  beta2: number;
  /** Learning rate / (1 - β₁ᵗ). */
  rate: number;
  /** 1 / √(1 - β₂ᵗ). */
  correction: number;
  epsilon: number;
  /** Learning rate · weight decay. */
  decay: number;
}

interface Kernels {
  squareSum(x: number, n: number): number;
  update(w: number, m: number, v: number, g: number, n: number, ...scalars: number[]): void;
  updateRows(
    w: number,
    m: number,
    v: number,
    g: number,
    rows: number,
    count: number,
    width: number,
    ...scalars: number[]
  ): void;
}

/**
 * Memory that holds weights, moments and gradients, with WebAssembly kernels that work on it in place. ONNX Runtime reads the
 * weights from it as ordinary views.
 */
export class OptimizerMemory {
  readonly #memory: WasmMemory;
  readonly #kernels: Kernels;
  #next = 0;

  /**
   * @param sizes elements (of 4 bytes) of each array that will be asked for.
   * @throws RetortError `RT_INVALID_MODEL` above 4 GiB.
   */
  constructor(sizes: number[]) {
    const bytes = sizes.reduce((sum, size) => sum + aligned(4 * size), 0);
    if (bytes > MAX_BYTES) {
      throw new RetortError(
        'RT_INVALID_MODEL',
        `Training needs ${bytes} bytes for weights and optimizer; the limit is ${MAX_BYTES}.`,
      );
    }
    this.#memory = new Memory({ initial: Math.ceil(bytes / PAGE) });
    const instance = new Instance(new Module(ADAMW_BYTES), { retort: { memory: this.#memory } });
    this.#kernels = instance.exports as Kernels;
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
    return this.#kernels.squareSum(x.byteOffset, length);
  }

  /** One AdamW step over weights `w` with moments `m` and `v` and gradient `g`, all of one length. */
  update(w: Float32Array, m: Float32Array, v: Float32Array, g: Float32Array, scalars: StepScalars): void {
    this.#kernels.update(w.byteOffset, m.byteOffset, v.byteOffset, g.byteOffset, w.length, ...flat(scalars));
  }

  /** The same for `count` rows of `width` elements of a table: row `rows[i]` has the gradient `g[i]`. */
  updateRows(
    w: Float32Array,
    m: Float32Array,
    v: Float32Array,
    { sums, rows, count, width }: { sums: Float32Array; rows: Int32Array; count: number; width: number },
    scalars: StepScalars,
  ): void {
    const [at, first, second] = [w.byteOffset, m.byteOffset, v.byteOffset];
    this.#kernels.updateRows(at, first, second, sums.byteOffset, rows.byteOffset, count, width, ...flat(scalars));
  }
}

function flat({ scale, beta1, beta2, rate, correction, epsilon, decay }: StepScalars): number[] {
  return [scale, beta1, 1 - beta1, beta2, 1 - beta2, rate, correction, epsilon, decay];
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
