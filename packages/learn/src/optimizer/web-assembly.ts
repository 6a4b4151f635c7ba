/** The part of the WebAssembly API that the optimizer uses. TypeScript declares it only together with the DOM. */
interface WebAssemblyApi {
  Memory: new (descriptor: { initial: number }) => WasmMemory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: Record<string, Record<string, WasmMemory>>) => { exports: object };
}

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

export const { Memory, Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
