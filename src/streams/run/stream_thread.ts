/** A Worker that runs streams, as the main thread sees it. */

import { Condition } from "../../async/condition.ts";
import { settleWithin } from "../../async/settle_within.ts";
import type { ReceiveReport, SendReport } from "../report.ts";
import type { WorkUnit } from "../unit.ts";
import { breakError, describeBreak } from "./break.ts";
import type { ConnectionKeys, StreamJob } from "./job.ts";
import type { StreamHost } from "./run_stream.ts";
import type { FromWorker, StreamBreak, ToWorker } from "./thread_messages.ts";

/** Callbacks of all streams, on the main thread. */
export interface PoolHost {
  /** Returns the next unit for a stream; undefined after the last unit. */
  next(stream: number): Promise<WorkUnit | undefined>;
  partial: StreamHost["partial"];
  /** Receivers only. Default: there is no backup. */
  isKept?: StreamHost["isKept"];
  report(stream: number, report: SendReport | ReceiveReport): void;
  written(stream: number, bytes: number): void;
  /** Reports a note for the user. Several streams may report the same one. Default: there are no notes. */
  note?(text: string): void;
  /** Relays only: called with a result of the receiver. */
  relayed?: StreamHost["relayed"];
}

/** Maximum time until the streams of a Worker have ended, in milliseconds. */
const STOP_MS = 2_000;

/** One Worker and its streams. */
export class StreamThread {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  readonly #host: PoolHost;
  readonly #carried: (wireBytes: number) => void;
  readonly #changes = new Condition();
  readonly #ends = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();

  /** @param carried called with the bytes of each stream that ends. */
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

  /** Number of running streams. */
  get streams(): number {
    return this.#ends.size;
  }

  /** Runs a stream on descriptors, which the Worker owns from now on. Rejects with the error that broke the stream. */
  run(stream: number, ends: { keys: ConnectionKeys; descriptor: number }[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#ends.set(stream, { resolve, reject });
      this.post({ type: "stream", stream, ends });
    });
  }

  /** Sends a message to the Worker. */
  post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  /** Ends all streams, waits at most STOP_MS for them, and terminates the Worker. Streams that still run reject. */
  async close(): Promise<void> {
    // A Worker that is terminated while it writes a file cannot remove the temporary file.
    if (this.#ends.size > 0) this.post({ type: "stop" });
    await settleWithin(STOP_MS, this.#idle());
    this.#worker.terminate();
    const broken: StreamBreak = { kind: "connection", code: "closed", message: "The transfer is over" };
    for (const index of [...this.#ends.keys()]) this.#end(index, broken);
  }

  /** Resolves when no stream is running. */
  async #idle(): Promise<void> {
    while (this.#ends.size > 0) await this.#changes.wait();
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
        Promise.resolve(this.#host.isKept?.(message.backup) ?? false)
          .then((kept) => this.post({ type: "kept", stream, kept }));
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
