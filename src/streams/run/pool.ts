/** Places streams: on Workers where a connection can be handed to one, else on this thread. */

import { chooseCongestion } from "../../native/net/congestion.ts";
import type { KeptBackup } from "../../files/engine/target.ts";
import { descriptorOf, duplicate } from "../../native/net/socket_descriptor.ts";
import { Condition } from "../../async/condition.ts";
import { type ByteConn, ConnTransport } from "../../net/transport.ts";
import { RunningStream, type StreamHost } from "./run_stream.ts";
import { countStream } from "../shared_limit.ts";
import { breakError, describeBreak } from "./break.ts";
import type { StreamJob, StreamKeysOf } from "./job.ts";
import type { FromWorker, StreamBreak, ToWorker } from "./thread_messages.ts";
import type { ReceiveReport, SendReport, WorkUnit } from "../unit.ts";
import { settleWithin } from "../../async/settle_within.ts";

/** The main thread's side of all streams. */
export interface PoolHost {
  /** The next unit for a stream. */
  next(stream: number): Promise<WorkUnit | undefined>;
  partial: StreamHost["partial"];
  /** Receivers only. */
  isKept?: StreamHost["isKept"];
  report(stream: number, report: SendReport | ReceiveReport): void;
  written(stream: number, bytes: number): void;
  /** Receivers only: reports a note for the user. */
  note?(text: string): void;
  /** Relays only: a result that was passed on. */
  relayed?: StreamHost["relayed"];
}

/** A connection and the keys that it has proven itself with. */
export interface PlacedStream extends StreamKeysOf {
  conn: ByteConn;
}

/** Where the streams of one transfer run. */
export class StreamPool {
  /** Bytes that the streams which have ended carried from the sender to the receiver, frames and all. */
  wireBytes = 0;
  readonly #job: StreamJob;
  readonly #host: PoolHost;
  readonly #mostWorkers: number;
  readonly #workers: StreamThread[] = [];
  readonly #local = new Map<number, RunningStream>();
  #closed = false;

  /** @param workers most Workers; 0 runs every stream on this thread. */
  constructor(job: StreamJob, host: PoolHost, workers: number) {
    this.#job = job;
    this.#host = host;
    this.#mostWorkers = workers;
  }

  /**
   * Runs a stream. Resolves when it came to its end, rejects with what broke it.
   *
   * @param stream its number; with one connection that of the connection.
   * @param ends one connection; two for a relay: to the sender, then to the receiver.
   */
  async run(stream: number, ...ends: PlacedStream[]): Promise<void> {
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

  /** In a Worker, where that can be. */
  async #place(stream: number, ends: PlacedStream[]): Promise<void> {
    const descriptors = this.#mostWorkers > 0
      ? ends.map(({ conn }) => isTcp(conn) ? descriptorOf(conn) : undefined)
      : [undefined];
    if (!descriptors.every((descriptor) => descriptor !== undefined)) return await this.#runHere(stream, ends);
    try {
      const handed = ends.map((end, at) => ({ keys: keysOf(end), descriptor: duplicate(descriptors[at]) }));
      return await this.#thread().run(stream, handed);
    } finally {
      // Not before: closing it ends what the connection can still send, whoever else has a descriptor of it.
      for (const { conn } of ends) conn.close();
    }
  }

  /** A ranged file is finished or given up. */
  forget(file: number): void {
    for (const thread of this.#workers) thread.post({ type: "forget", file });
    for (const stream of this.#local.values()) stream.forget(file);
  }

  /** Ends all streams that still run, and the Workers. Resolves when they have removed what they left unfinished. */
  async close(): Promise<void> {
    this.#closed = true;
    const local = [...this.#local.values()].map((stream) => {
      stream.stop();
      return stream.done.catch(() => {});
    });
    await Promise.all([...this.#workers.map((thread) => thread.close()), ...local]);
  }

  async #runHere(number: number, placed: PlacedStream[]): Promise<void> {
    const options = { idleTimeoutMs: this.#job.idleTimeoutMs };
    const ends = placed.map((end) => ({ keys: keysOf(end), transport: new ConnTransport(end.conn, options) }));
    const host = this.#host;
    const stream = new RunningStream(this.#job, ends, {
      next: () => host.next(number),
      partial: (file) => host.partial(file),
      isKept: (backup) => isKept(host, backup),
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

  /** A Worker with the fewest streams, or a new one. */
  #thread(): StreamThread {
    const least = this.#workers.toSorted((a, b) => a.streams - b.streams)[0];
    if (least && (least.streams === 0 || this.#workers.length >= this.#mostWorkers)) return least;
    const thread = this.#startWorker();
    this.#workers.push(thread);
    return thread;
  }

  #startWorker(): StreamThread {
    return new StreamThread(this.#job, this.#host, (wireBytes) => this.wireBytes += wireBytes);
  }
}

async function isKept(host: PoolHost, backup: KeptBackup): Promise<boolean> {
  return await host.isKept?.(backup) ?? false;
}

/** Only a connection of the system's own can be handed to another thread. */
function isTcp(conn: ByteConn): conn is Deno.TcpConn {
  return "setNoDelay" in conn;
}

function keysOf({ index, sendKey, receiveKey }: PlacedStream): StreamKeysOf {
  return { index, sendKey, receiveKey };
}

/** How long a Worker may take to end its streams. */
const STOP_MS = 2_000;

/** One Worker. */
class StreamThread {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #host: PoolHost;
  readonly #carried: (wireBytes: number) => void;
  readonly #changes = new Condition();
  readonly #ends = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();

  /** @param carried hears of the bytes of each stream that ends. */
  constructor(job: StreamJob, host: PoolHost, carried: (wireBytes: number) => void) {
    this.#host = host;
    this.#carried = carried;
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      const broken: StreamBreak = {
        kind: "bug",
        code: "worker",
        message: `A stream's thread failed: ${event.message}`,
      };
      for (const index of [...this.#ends.keys()]) this.#end(index, broken);
    };
    this.post({ type: "job", job });
  }

  get streams(): number {
    return this.#ends.size;
  }

  run(stream: number, ends: { keys: StreamKeysOf; descriptor: number }[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#ends.set(stream, { resolve, reject });
      this.post({ type: "stream", stream, ends });
    });
  }

  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  async #idle(): Promise<void> {
    while (this.#ends.size > 0) await this.#changes.wait();
  }

  async close(): Promise<void> {
    // A Worker that is ended in the middle of a file cannot remove its temporary name.
    if (this.#ends.size > 0) this.post({ type: "stop" });
    await settleWithin(STOP_MS, this.#idle());
    this.#worker.terminate();
    const broken: StreamBreak = { kind: "connection", code: "closed", message: "The transfer is over" };
    for (const index of [...this.#ends.keys()]) this.#end(index, broken);
  }

  #receive(message: FromWorker): void {
    const { stream } = message;
    switch (message.type) {
      case "next":
        this.#host.next(stream).then(
          (unit) => this.post({ type: "unit", stream, unit }),
          (error) => this.#end(stream, describeBreak(error)),
        );
        break;
      case "partial":
        this.#host.partial(message.file).then(
          (partial) => this.post({ type: "partial", stream, file: message.file, partial }),
          () => this.post({ type: "partial", stream, file: message.file, partial: null }),
        );
        break;
      case "isKept":
        isKept(this.#host, message.backup).then((kept) => this.post({ type: "kept", stream, kept }));
        break;
      case "report":
        this.#host.report(stream, message.report);
        break;
      case "relayed":
        this.#host.relayed?.(message.result);
        break;
      case "written":
        this.#host.written(stream, message.bytes);
        break;
      case "note":
        this.#host.note?.(message.text);
        break;
      case "ended":
        this.#carried(message.wireBytes);
        this.#end(stream, message.broken);
        break;
    }
  }

  #end(stream: number, broken: StreamBreak | undefined): void {
    const end = this.#ends.get(stream);
    this.#ends.delete(stream);
    this.#changes.notifyAll();
    if (broken) end?.reject(breakError(broken));
    else end?.resolve();
  }
}
