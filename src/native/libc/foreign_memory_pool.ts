/** Memory for nonblocking calls, which another thread writes to, possibly after the calling thread was terminated. */

import { openLibc } from "./libc.ts";

const SYMBOLS = { calloc: { parameters: ["usize", "usize"], result: "pointer" } } as const;

/** Memory from libc, which outlives the thread. */
export interface ForeignMemory {
  readonly pointer: Deno.PointerValue;
  readonly memory: ArrayBuffer;
}

/** Blocks of one size, reused by the same thread and never freed. */
export class ForeignMemoryPool {
  readonly #bytes: number;
  readonly #unused: ForeignMemory[] = [];

  /** @param bytes Size of each block. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Passes a block with arbitrary contents to a call, until the call settles. @throws {Error} if FFI is not permitted. */
  async use<Result>(call: (block: ForeignMemory) => Promise<Result>): Promise<Result> {
    const block = this.#unused.pop() ?? this.#create();
    try {
      return await call(block);
    } finally {
      this.#unused.push(block);
    }
  }

  #create(): ForeignMemory {
    const { calloc } = openLibc(SYMBOLS).symbols;
    const pointer = calloc(1n, BigInt(this.#bytes));
    if (pointer === null) throw new Error(`Cannot allocate ${this.#bytes} bytes: out of memory`);
    return { pointer, memory: Deno.UnsafePointerView.getArrayBuffer(pointer, this.#bytes) };
  }
}
