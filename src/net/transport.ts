/** A connection as a stream sees it, whoever does the work: Deno, or the system's own calls (sockets.ts). */

/** Both directions of a connection. One read and one write may be under way at the same time, not two of a kind. */
export interface Transport {
  /**
   * Reads into buffer[start, end), which must not be empty.
   *
   * @returns how many bytes were read, more than 0; 0 at the end of what the peer sends. A number and no promise when
   * they were there already and the transport can tell.
   * @param least so many are sure to come: the transport may wait until they are there, to be woken less often.
   */
  read(buffer: Uint8Array<ArrayBuffer>, start: number, end: number, least?: number): number | Promise<number>;
  /** Writes from buffer[start, end), which must not be empty; returns how many bytes were taken, at least one. */
  write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): number | Promise<number>;
  /** Ends the connection. What is under way rejects with Deno.errors.Interrupted. Harmless when repeated. */
  close(): void;
}

/** What bytes go over: any connection of Deno's, or the pipes of a process that leads to one (process_conn.ts). */
export type ByteConn = Pick<Deno.Conn, "read" | "write" | "close">;

/** For what a transport waits. */
export interface TransportOptions {
  /**
   * Maximum time that a read or write may make no progress before it rejects with Deno.errors.TimedOut. A write keeps
   * waiting while the peer sends something: the peer may have to wait too, as for the reader of a pipe. Default: no limit.
   */
  idleTimeoutMs?: number;
}

/** @throws {RangeError} when buffer[start, end) is empty or not within the buffer. */
export function checkRange(buffer: Uint8Array, start: number, end: number): void {
  const inside = Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end &&
    end <= buffer.byteLength;
  if (!inside) throw new RangeError(`Cannot transfer [${start}, ${end}) of a buffer of ${buffer.byteLength} bytes`);
}

/** A connection of Deno's, or one like it. After an idle timeout it is closed. */
export class ConnTransport implements Transport {
  readonly #conn: ByteConn;
  readonly #idleTimeoutMs: number | undefined;
  /** What makes the read and the write under way reject. */
  readonly #underWay = new Set<(reason: Error) => void>();
  /** Number of reads. */
  #heard = 0;
  #closed = false;

  constructor(conn: ByteConn, options: TransportOptions = {}) {
    this.#conn = conn;
    this.#idleTimeoutMs = options.idleTimeoutMs;
  }

  async read(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<number> {
    checkRange(buffer, start, end);
    const count = await this.#stoppable(this.#conn.read(buffer.subarray(start, end)));
    this.#heard++;
    return count ?? 0;
  }

  async write(buffer: Uint8Array<ArrayBuffer>, start: number, end: number): Promise<number> {
    checkRange(buffer, start, end);
    return await this.#stoppable(this.#conn.write(buffer.subarray(start, end)), () => this.#heard);
  }

  close(): void {
    this.#stop(() => new Deno.errors.Interrupted("Cannot go on with a connection: it was closed meanwhile"));
  }

  #stop(reason: () => Error): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const reject of this.#underWay) reject(reason());
    this.#conn.close();
  }

  /**
   * The operation, or a rejection when the connection is closed first: older Denos let a write wait on then.
   *
   * @param signs Returns the number of signs of life so far; the timeout restarts if it has grown.
   */
  #stoppable<Result>(operation: Promise<Result>, signs = () => 0): Promise<Result> {
    return new Promise((resolve, reject) => {
      const timeout = this.#idleTimeoutMs;
      let seen = signs();
      const giveUp = () => {
        if (signs() !== seen) {
          seen = signs();
          timer = setTimeout(giveUp, timeout);
          return;
        }
        this.#stop(() => new Deno.errors.TimedOut(`Cannot go on with a connection: nothing moved for ${timeout} ms`));
      };
      let timer = timeout === undefined ? undefined : setTimeout(giveUp, timeout);
      this.#underWay.add(reject);
      operation.then(resolve, reject).finally(() => {
        this.#underWay.delete(reject);
        clearTimeout(timer);
      });
    });
  }
}
