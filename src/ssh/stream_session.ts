/** The client's end of `escp --receiver-stream`: a connection that begins after the output of login scripts. */

import { indexOfNeedle } from "../bytes.ts";
import type { ProcessConn } from "../native/process/conn.ts";
import type { TunnelConn } from "../net/tunnel.ts";
import { HELLO_MAGIC } from "../protocol/control/hello.ts";
import { MAX_NOISE_BYTES, STREAM_MARK } from "../protocol/limits.ts";

const MARK = new TextEncoder().encode(STREAM_MARK);

/** Skips the output of login scripts, up to the mark that the remote escp sends first. */
export class StreamSession implements TunnelConn {
  readonly #conn: ProcessConn;
  #begun: Promise<Uint8Array | undefined> | undefined;
  /** Bytes that arrived with the mark but were not read yet. */
  #rest: Uint8Array | undefined;

  constructor(conn: ProcessConn) {
    this.#conn = conn;
  }

  get ended(): Promise<void> {
    return this.#conn.ended;
  }

  /** @throws {Deno.errors.InvalidData} if the remote program is not `escp --receiver-stream`. */
  async read(buffer: Uint8Array): Promise<number | null> {
    this.#begun ??= this.#skipNoise();
    this.#rest ??= await this.#begun;
    if (this.#rest === undefined) return null;
    if (this.#rest.length === 0) return await this.#conn.read(buffer);
    const count = Math.min(buffer.length, this.#rest.length);
    buffer.set(this.#rest.subarray(0, count));
    this.#rest = this.#rest.subarray(count);
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

  /** Reads up to the mark. Returns the bytes after it that have arrived; undefined if the connection ended before. */
  async #skipNoise(): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(MAX_NOISE_BYTES + MARK.length);
    for (let have = 0; have < bytes.length;) {
      const count = await this.#conn.read(bytes.subarray(have));
      if (count === null) return undefined;
      const from = Math.max(0, have - MARK.length + 1);
      have += count;
      // A forced command on the server may start a session instead.
      if (new TextDecoder().decode(bytes.subarray(0, have)).includes(HELLO_MAGIC)) {
        throw new Deno.errors.InvalidData("this host only starts sessions");
      }
      const at: number = indexOfNeedle(bytes.subarray(from, have), MARK);
      if (at >= 0) return bytes.slice(from + at + MARK.length, have);
    }
    throw new Deno.errors.InvalidData("too much output that is not from escp");
  }
}
