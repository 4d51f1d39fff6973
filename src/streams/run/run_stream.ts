/** One stream in any thread: its engines, its frames, and the loop of its role. */

import type { CipherEngine } from "../../crypto/cipher.ts";
import { loadCipherEngine } from "../../crypto/engines.ts";
import type { FileEngine } from "../../files/engine/engine.ts";
import { loadFileEngine } from "../../files/load_engine.ts";
import { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { PacedTransport } from "../../net/paced_transport.ts";
import type { Transport } from "../../net/transport.ts";
import { FRAME_SLACK_BYTES, keepAliveMs, PACK_FILE_LIMIT } from "../../protocol/limits.ts";
import { FrameReader, FrameWriter } from "../frames/frames.ts";
import type { ReceiveHost } from "../receive/receive_host.ts";
import type { ReceiveStream } from "../receive/receive_stream.ts";
import type { SendHost } from "../send/send_stream.ts";
import { SharedPace } from "../shared_limit.ts";
import type { ReceiveReport, SendReport } from "../report.ts";
import { type ConnectionKeys, HANDSHAKE_FRAMES, type StreamJob } from "./job.ts";
import { type RelayHost, relayStream } from "./relay_stream.ts";

/** Callbacks of all roles. A stream calls those of its role. */
export interface StreamHost extends Omit<SendHost, "report">, Omit<ReceiveHost, "report"> {
  report(report: SendReport | ReceiveReport): void;
  relayed: RelayHost["relayed"];
}

/** An authenticated connection. */
export interface StreamEnd {
  keys: ConnectionKeys;
  transport: Transport;
}

/** Frames in both directions of one connection. */
interface Frames {
  writer: FrameWriter;
  reader: FrameReader;
}

/** A stream that runs until both directions have ended. Then it closes its connections. */
export class RunningStream {
  /** Resolves after the last frame of both directions; rejects with the error that broke the stream. */
  readonly done: Promise<void>;
  readonly #job: StreamJob;
  readonly #ends: StreamEnd[];
  readonly #host: StreamHost;
  #frames: Frames[] = [];
  #receiver?: ReceiveStream;
  /** Files that were forgotten before the receiver was open. */
  readonly #forgotten: number[] = [];

  /** Starts a stream. @param ends one connection; for a relay two: to the sender, then to the receiver. */
  constructor(job: StreamJob, ends: StreamEnd[], host: StreamHost) {
    this.#job = job;
    this.#ends = ends;
    this.#host = host;
    this.done = this.#run();
  }

  /** Bytes of frames that this stream has carried from the sender to the receiver so far. */
  get wireBytes(): number {
    const [first] = this.#frames;
    return (this.#job.role.type === "send" ? first?.writer.sent : first?.reader.received) ?? 0;
  }

  /** Closes a large file that is finished or given up. */
  forget(file: number): void {
    if (this.#receiver) this.#receiver.forget(file);
    else this.#forgotten.push(file);
  }

  /** Records the blocks of a large file from now on. */
  startJournal(file: number, path: string): void {
    this.#receiver?.startJournal(file, path);
  }

  /** Closes the connections and cancels pending writes, so that `done` rejects. */
  stop(): void {
    this.#closeTransports();
    this.#receiver?.close();
  }

  async #run(): Promise<void> {
    using cleanup = new DisposableStack();
    const yielder = new EventLoopYielder();
    cleanup.defer(() => this.#closeFrames());
    cleanup.defer(() => yielder.close());
    // The loops of a broken stream may still wait for a read or a write, which ends with the transport.
    cleanup.defer(() => this.#closeTransports());
    const { role, blockBytes, idleTimeoutMs } = this.#job;
    const payloadLimit = Math.max(blockBytes, PACK_FILE_LIMIT) + FRAME_SLACK_BYTES;
    this.#frames = await this.#openFrames(payloadLimit);
    const [frames, receiverFrames] = this.#frames;
    if (role.type === "relay") return await relayStream(frames, receiverFrames, this.#host, yielder);
    const context = {
      job: this.#job,
      frames,
      files: await openFiles(this.#job),
      host: this.#host,
      yielder,
      payloadLimit,
      keepAliveMs: keepAliveMs(idleTimeoutMs),
    };
    if (role.type === "send") {
      const { openSender } = await import("../send/open_sender.ts");
      const sender = await openSender(context, role, cleanup);
      return await sender.run();
    }
    const { openReceiver } = await import("../receive/open_receiver.ts");
    this.#receiver = await openReceiver(context, role, cleanup);
    for (const file of this.#forgotten) this.#receiver.forget(file);
    await this.#receiver.run();
  }

  async #openFrames(payloadLimit: number): Promise<Frames[]> {
    const { cipherEngine, limit, role } = this.#job;
    const paces = role.type === "receive" ? "reads" : "writes";
    const cipher = loadCipherEngine(cipherEngine).engine;
    return await Promise.all(this.#ends.map(({ keys, transport }) => {
      const paced = limit ? new PacedTransport(transport, new SharedPace(limit), paces) : transport;
      return openFrames(cipher, { keys, transport: paced }, payloadLimit);
    }));
  }

  #closeTransports(): void {
    for (const { transport } of this.#ends) transport.close();
  }

  #closeFrames(): void {
    for (const { reader, writer } of this.#frames) {
      reader.close();
      writer.close();
    }
  }
}

async function openFiles({ fileEngine, dummy }: StreamJob): Promise<FileEngine> {
  const { engine } = await loadFileEngine(fileEngine);
  return dummy ? (await import("../../files/null/engine.ts")).createNullEngine(engine) : engine;
}

async function openFrames(cipher: CipherEngine, { keys, transport }: StreamEnd, payloadLimit: number): Promise<Frames> {
  const options = { payloadLimit, received: HANDSHAKE_FRAMES, readAhead: true };
  return {
    writer: await FrameWriter.create(cipher, transport, keys.sendKey, HANDSHAKE_FRAMES),
    reader: await FrameReader.create(cipher, transport, keys.receiveKey, options),
  };
}
