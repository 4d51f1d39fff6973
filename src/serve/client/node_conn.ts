/** A socket of `node:tls` with the calls of a connection of Deno. */

import type { TLSSocket } from "node:tls";
import { messageOf } from "../../errors.ts";

/** Number of received bytes after which the socket pauses until some are read. */
const MAX_WAITING_BYTES = 1 << 20;

/**
 * A connection. Lost connections are reported as those of Deno are.
 *
 * Bytes are taken as they arrive: a socket of Deno 2.9 that is read on demand may lose its end.
 */
export class NodeConn {
  readonly #socket: TLSSocket;
  /** Received bytes that are not read yet. */
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** "end": the peer has ended its direction. Undefined: more may arrive. */
  #state: "end" | Error | undefined;
  #changed = Promise.withResolvers<void>();

  constructor(socket: TLSSocket) {
    this.#socket = socket;
    socket.on("data", (bytes: Uint8Array) => {
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
      if (this.#waitingBytes >= MAX_WAITING_BYTES) socket.pause();
      this.#changed.resolve();
    });
    socket.on("end", () => this.#settle("end"));
    socket.on("error", (error) => this.#settle(error));
    socket.on("close", () => this.#settle(new Error("the connection ended")));
  }

  /** Reads bytes. @returns their number; null at the end. @throws {Deno.errors.ConnectionReset} */
  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#waiting.length === 0) {
      if (this.#state === "end") return null;
      if (this.#state) throw lost(this.#state);
      this.#changed = Promise.withResolvers();
      await this.#changed.promise;
    }
    const [first] = this.#waiting;
    const count = Math.min(buffer.length, first.length);
    buffer.set(first.subarray(0, count));
    if (count < first.length) this.#waiting[0] = first.subarray(count);
    else this.#waiting.shift();
    this.#waitingBytes -= count;
    if (this.#waitingBytes < MAX_WAITING_BYTES) this.#socket.resume();
    return count;
  }

  /** Writes all bytes. @returns their number. @throws {Deno.errors.ConnectionReset} */
  async write(bytes: Uint8Array): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(lost(error)) : resolve());
    });
    return bytes.length;
  }

  /**
   * Does nothing: Deno 2.6 would close both directions, and lose the last messages of the server. The remote end of a session
   * exits after its last message, and the server then ends the connection.
   */
  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  /** Closes the connection. */
  close(): void {
    this.#socket.destroy();
  }

  #settle(state: "end" | Error): void {
    this.#state ??= state;
    this.#changed.resolve();
  }
}

function lost(cause: unknown): Error {
  return new Deno.errors.ConnectionReset(messageOf(cause), { cause });
}
