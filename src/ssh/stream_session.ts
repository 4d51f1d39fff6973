/** The client's side of `escp --receiver-stream`: a connection that begins behind what login scripts print. */

import type { ProcessConn } from "../native/process/process_conn.ts";
import { HELLO_MAGIC } from "../protocol/control/hello.ts";
import { MAX_NOISE_BYTES, STREAM_MARK } from "../protocol/limits.ts";

const MARK = new TextEncoder().encode(STREAM_MARK);

/** See above. */
export class StreamSession {
  readonly #conn: ProcessConn;
  #begun: Promise<Uint8Array | undefined> | undefined;
  #early: Uint8Array | undefined;

  constructor(conn: ProcessConn) {
    this.#conn = conn;
  }

  get ended(): Promise<void> {
    return this.#conn.ended;
  }

  /** @throws {Deno.errors.InvalidData} when what comes is not from such an escp. */
  async read(buffer: Uint8Array): Promise<number | null> {
    this.#begun ??= this.#skipNoise();
    this.#early ??= await this.#begun;
    if (this.#early === undefined) return null;
    if (this.#early.length === 0) return await this.#conn.read(buffer);
    const count = Math.min(buffer.length, this.#early.length);
    buffer.set(this.#early.subarray(0, count));
    this.#early = this.#early.subarray(count);
    return count;
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#conn.write(bytes);
  }

  close(): void {
    this.#conn.close();
  }

  kill(): void {
    this.#conn.kill();
  }

  failureText(): Promise<string> {
    return this.#conn.failureText();
  }

  /** What came with the mark, behind it; undefined when it ended before. */
  async #skipNoise(): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(MAX_NOISE_BYTES + MARK.length);
    for (let have = 0; have < bytes.length;) {
      const count = await this.#conn.read(bytes.subarray(have));
      if (count === null) return undefined;
      const from = Math.max(0, have - MARK.length + 1);
      have += count;
      const at = indexOf(bytes.subarray(from, have), MARK);
      // A server that starts the same for everyone has a session for this, too.
      if (new TextDecoder().decode(bytes.subarray(0, have)).includes(HELLO_MAGIC)) {
        throw new Deno.errors.InvalidData("this host starts nothing but sessions");
      }
      if (at >= 0) return bytes.slice(from + at + MARK.length, have);
    }
    throw new Deno.errors.InvalidData("it said too much that is not escp");
  }
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = 0; at + wanted.length <= bytes.length; at++) {
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  }
  return -1;
}
