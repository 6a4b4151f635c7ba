/**
 * A read-only prefix tree over strings, by UTF-16 unit, in flat arrays: the children of a node are contiguous and sorted.
 */
export class TokenTrie {
  /** Value of the string that ends at a node, or -1. */
  readonly value: Int32Array;
  readonly #unit: Uint16Array;
  readonly #childStart: Int32Array;
  readonly #childEnd: Int32Array;
  /** The children of the root by unit: most lookups end there. */
  readonly #root: Int32Array;

  constructor(entries: ReadonlyMap<string, number>) {
    // Sorted by UTF-16 unit, the strings below any node are one range; breadth first keeps siblings together.
    const strings = [...entries.keys()].filter((string) => string !== '').sort();
    let capacity = 1;
    for (const string of strings) capacity += string.length;
    this.value = new Int32Array(capacity).fill(-1);
    this.#unit = new Uint16Array(capacity);
    this.#childStart = new Int32Array(capacity);
    this.#childEnd = new Int32Array(capacity);
    this.#root = new Int32Array(0x10000).fill(-1);
    const low = new Int32Array(capacity);
    const high = new Int32Array(capacity);
    const depth = new Int32Array(capacity);
    high[0] = strings.length;
    let size = 1;
    for (let node = 0; node < size; node++) {
      let from = low[node];
      const d = depth[node];
      if (strings[from]?.length === d) this.value[node] = entries.get(strings[from++])!;
      this.#childStart[node] = size;
      while (from < high[node]) {
        const unit = strings[from].charCodeAt(d);
        let to = from + 1;
        while (to < high[node] && strings[to].charCodeAt(d) === unit) to++;
        this.#unit[size] = unit;
        low[size] = from;
        high[size] = to;
        depth[size] = d + 1;
        if (node === 0) this.#root[unit] = size;
        size++;
        from = to;
      }
      this.#childEnd[node] = size;
    }
  }

  /** The child of `node` (0 is the root) along `unit`, or -1. */
  child(node: number, unit: number): number {
    if (node === 0) return this.#root[unit];
    let low = this.#childStart[node];
    let high = this.#childEnd[node];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const at = this.#unit[middle];
      if (at === unit) return middle;
      if (at < unit) low = middle + 1;
      else high = middle;
    }
    return -1;
  }
}
