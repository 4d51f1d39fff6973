import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { writeAll } from "../../src/log/write_all.ts";

/** A stream that accepts these numbers of bytes, one per write; 0: it is full. */
class Stream {
  readonly taken: number[] = [];
  readonly #room: number[];

  constructor(...room: number[]) {
    this.#room = room;
  }

  writeSync(bytes: Uint8Array): number {
    const room = this.#room.shift() ?? 0;
    if (room === 0) throw new Deno.errors.WouldBlock("Resource temporarily unavailable (os error 11)");
    this.taken.push(...bytes.subarray(0, room));
    return Math.min(room, bytes.length);
  }
}

const BYTES = Uint8Array.from({ length: 10 }, (_, index) => index);

describe("writing to a stream in non-blocking mode", () => {
  it("waits while it is full, and writes all bytes once", () => {
    const stream = new Stream(3, 0, 0, 1, 0, 5, 0, 9);
    writeAll(stream, BYTES);
    assertEquals(stream.taken, [...BYTES]);
  });

  it("throws after the maximum wait", () => {
    const stream = new Stream(4);
    assertThrows(() => writeAll(stream, BYTES, 2), Deno.errors.WouldBlock);
    assertEquals(stream.taken, [0, 1, 2, 3]);
  });
});
