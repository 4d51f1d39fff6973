/** A byte connection of a stream, by Deno's connections or by system calls (sockets.ts). */

/** Both directions of a connection. One read and one write may be in progress at the same time, but not two of a kind. */
export interface Transport {
  /**
   * Reads into buffer[start, end), which must not be empty.
   *
   * @param expected Number of bytes that will certainly arrive. The transport may wait for them, to be woken less often.
   * @returns the number of bytes read; 0 at the end of the peer's data. A number instead of a promise if the data had
   * arrived and the transport supports that.
   */
  read(buffer: Uint8Array<ArrayBuffer>, start: number, end: number, expected?: number): number | Promise<number>;
  /** Writes from buffer[start, end), which must not be empty. Returns the number of bytes written, at least 1. */
  write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number | Promise<number>;
  /** Closes the connection. Calls in progress reject with Deno.errors.Interrupted. May be called repeatedly. */
  close(): void;
}

/** A connection of Deno, or the pipes of a process that connects to the peer (src/native/process/conn.ts). */
export type ByteConn = Pick<Deno.Conn, "read" | "write" | "close">;

/** Timeouts of a transport. */
export interface TransportOptions {
  /**
   * Maximum time without progress before a read or write rejects with Deno.errors.TimedOut. A write keeps waiting while
   * the peer sends data: the peer may have to wait too, for example for the reader of a pipe. Default: no limit.
   */
  idleTimeoutMs?: number;
}

/** @throws {RangeError} if buffer[start, end) is empty or exceeds the buffer. */
export function checkRange(buffer: Uint8Array, start: number, end: number): void {
  const inside = Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end &&
    end <= buffer.byteLength;
  if (!inside) throw new RangeError(`Cannot transfer [${start}, ${end}) of a buffer of ${buffer.byteLength} bytes`);
}

/** Transport over a `ByteConn`. An idle timeout closes the connection. */
export class ConnTransport implements Transport {
  readonly #conn: ByteConn;
  readonly #idleTimeoutMs: number | undefined;
  /** Reject functions of the calls in progress. */
  readonly #pending = new Set<(reason: Error) => void>();
  /** Number of successful reads. */
  #reads = 0;
  #closed = false;

  constructor(conn: ByteConn, options: TransportOptions = {}) {
    this.#conn = conn;
    this.#idleTimeoutMs = options.idleTimeoutMs;
  }

  async read(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<number> {
    checkRange(buffer, start, end);
    const count = await this.#interruptible(this.#conn.read(buffer.subarray(start, end)));
    this.#reads++;
    return count ?? 0;
  }

  async write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<number> {
    checkRange(buffer, start, end);
    return await this.#interruptible(this.#conn.write(buffer.subarray(start, end)), () => this.#reads);
  }

  close(): void {
    this.#close(() => new Deno.errors.Interrupted("Cannot use a connection: it was closed meanwhile"));
  }

  #close(reason: () => Error): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const reject of this.#pending) reject(reason());
    this.#conn.close();
  }

  /**
   * Makes a call reject when the connection is closed. Older versions of Deno would let a write wait forever.
   *
   * @param signs Returns a count of signs of life. The timeout restarts if the count has grown.
   */
  #interruptible<Result>(call: Promise<Result>, signs = () => 0): Promise<Result> {
    return new Promise((resolve, reject) => {
      const timeout = this.#idleTimeoutMs;
      let seen = signs();
      const onTimeout = () => {
        if (signs() !== seen) {
          seen = signs();
          timer = setTimeout(onTimeout, timeout);
          return;
        }
        this.#close(() => new Deno.errors.TimedOut(`Cannot use a connection: no progress for ${timeout} ms`));
      };
      let timer = timeout === undefined ? undefined : setTimeout(onTimeout, timeout);
      this.#pending.add(reject);
      call.then(resolve, reject).finally(() => {
        this.#pending.delete(reject);
        clearTimeout(timer);
      });
    });
  }
}
