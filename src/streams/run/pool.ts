/** Runs streams on Workers if their connections can be moved to one, or else on this thread. */

import { chooseCongestion } from "../../native/net/congestion.ts";
import { descriptorOf, duplicate } from "../../native/net/socket_descriptor.ts";
import { type ByteConn, ConnTransport } from "../../net/transport.ts";
import { RunningStream } from "./run_stream.ts";
import { countStream } from "../shared_limit.ts";
import { breakError, describeBreak } from "./break.ts";
import type { ConnectionKeys, StreamJob } from "./job.ts";
import { type PoolHost, StreamThread } from "./stream_thread.ts";

/** A connection after its handshake. */
export interface StreamConnection extends ConnectionKeys {
  conn: ByteConn;
}

/** Streams of one transfer. */
export class StreamPool {
  /** Bytes of all frames that ended streams have carried from the sender to the receiver. */
  wireBytes = 0;
  readonly #job: StreamJob;
  readonly #host: PoolHost;
  readonly #maxWorkers: number;
  readonly #workers: StreamThread[] = [];
  readonly #local = new Map<number, RunningStream>();
  #closed = false;

  /** @param workers maximum number of Workers; 0: all streams run on this thread. */
  constructor(job: StreamJob, host: PoolHost, workers: number) {
    this.#job = job;
    this.#host = host;
    this.#maxWorkers = workers;
  }

  /**
   * Runs a stream until it ends. Rejects with the error that broke the stream.
   *
   * @param stream number of the stream.
   * @param ends one connection; two for a relay: to the sender, then to the receiver.
   */
  async run(stream: number, ...ends: StreamConnection[]): Promise<void> {
    if (this.#closed) {
      for (const { conn } of ends) conn.close();
      throw new Deno.errors.Interrupted("The transfer is over");
    }
    const { congestion } = this.#job;
    if (congestion !== undefined) {
      for (const { conn } of ends) if (isTcp(conn)) chooseCongestion(conn, congestion);
    }
    const { limit } = this.#job;
    if (!limit) return await this.#place(stream, ends);
    countStream(limit, 1);
    try {
      return await this.#place(stream, ends);
    } finally {
      countStream(limit, -1);
    }
  }

  /** Runs a stream in a Worker if possible, or else on this thread. */
  async #place(stream: number, ends: StreamConnection[]): Promise<void> {
    const descriptors = this.#maxWorkers > 0
      ? ends.map(({ conn }) => isTcp(conn) ? descriptorOf(conn) : undefined)
      : [undefined];
    if (!descriptors.every((descriptor) => descriptor !== undefined)) return await this.#runHere(stream, ends);
    try {
      const moved = ends.map((end, at) => ({ keys: keysOf(end), descriptor: duplicate(descriptors[at]) }));
      return await this.#thread().run(stream, moved);
    } finally {
      // Only now, because closing a connection ends it for all descriptors.
      for (const { conn } of ends) conn.close();
    }
  }

  /** Closes a large file that is finished or given up. */
  forget(file: number): void {
    for (const thread of this.#workers) thread.post({ type: "forget", file });
    for (const stream of this.#local.values()) stream.forget(file);
  }

  /** Lets streams record the blocks of a large file. Streams that open the file later get the journal with it. */
  startJournal(file: number, path: string): void {
    for (const thread of this.#workers) thread.post({ type: "journal", file, path });
    for (const stream of this.#local.values()) stream.startJournal(file, path);
  }

  /** Ends all streams and Workers. Resolves when they have removed their unfinished files. */
  async close(): Promise<void> {
    this.#closed = true;
    const local = [...this.#local.values()].map((stream) => {
      stream.stop();
      return stream.done.catch(() => {});
    });
    await Promise.all([...this.#workers.map((thread) => thread.close()), ...local]);
  }

  async #runHere(number: number, placed: StreamConnection[]): Promise<void> {
    const options = { idleTimeoutMs: this.#job.idleTimeoutMs };
    const ends = placed.map((end) => ({ keys: keysOf(end), transport: new ConnTransport(end.conn, options) }));
    const host = this.#host;
    const stream = new RunningStream(this.#job, ends, {
      next: () => host.next(number),
      partial: (file) => host.partial(file),
      isKept: async (backup) => await host.isKept?.(backup) ?? false,
      report: (report) => host.report(number, report),
      relayed: (result) => host.relayed?.(result),
      written: (bytes) => host.written(number, bytes),
      note: (text) => host.note?.(text),
    });
    this.#local.set(number, stream);
    try {
      await stream.done;
    } catch (error) {
      throw breakError(describeBreak(error));
    } finally {
      this.#local.delete(number);
      this.wireBytes += stream.wireBytes;
    }
  }

  /** Returns the Worker with the fewest streams, or a new one. */
  #thread(): StreamThread {
    const least = this.#workers.toSorted((a, b) => a.streams - b.streams)[0];
    if (least && (least.streams === 0 || this.#workers.length >= this.#maxWorkers)) return least;
    const thread = new StreamThread(this.#job, this.#host, (wireBytes) => this.wireBytes += wireBytes);
    this.#workers.push(thread);
    return thread;
  }
}

/** Returns whether the system provides the connection, so that its descriptor can be moved to another thread. */
function isTcp(conn: ByteConn): conn is Deno.TcpConn {
  return "setNoDelay" in conn;
}

/** Returns the keys without the connection, which cannot be sent to a Worker. */
function keysOf({ sendKey, receiveKey }: StreamConnection): ConnectionKeys {
  return { sendKey, receiveKey };
}
