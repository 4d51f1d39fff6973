/** Memory for calls that write to it from another thread, which may be under way still when their own thread is ended. */

import { openLibc } from "./libc.ts";

const SYMBOLS = { calloc: { parameters: ["usize", "usize"], result: "pointer" } } as const;

/** Memory of libc's, which outlives the thread. */
export interface ForeignStruct {
  readonly pointer: Deno.PointerValue;
  readonly memory: ArrayBuffer;
}

/** Structs or buffers of one kind, each used again by the same thread, and never given back. */
export class ForeignMemoryPool {
  readonly #bytes: number;
  readonly #unused: ForeignStruct[] = [];

  /** @param bytes of each. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** Lends one, whatever is in it, until the call has returned. @throws {Error} when FFI is not permitted. */
  async use<Result>(call: (struct: ForeignStruct) => Promise<Result>): Promise<Result> {
    const struct = this.#unused.pop() ?? this.#create();
    try {
      return await call(struct);
    } finally {
      this.#unused.push(struct);
    }
  }

  #create(): ForeignStruct {
    const { calloc } = openLibc(SYMBOLS).symbols;
    const pointer = calloc(1n, BigInt(this.#bytes));
    if (pointer === null) throw new Error(`Cannot allocate ${this.#bytes} bytes: out of memory`);
    return { pointer, memory: Deno.UnsafePointerView.getArrayBuffer(pointer, this.#bytes) };
  }
}
