/** Runs one stream, in whichever thread: puts engines, frames and the loop of its role together. */

import type { CipherEngine } from "../../crypto/cipher.ts";
import { loadCipherEngine } from "../../crypto/engines.ts";
import { type FileEngine } from "../../files/engine/engine.ts";
import { loadFileEngine } from "../../files/load_engine.ts";
import { type TargetRoot } from "../../files/engine/target_root.ts";
import { PacedTransport } from "../../net/paced_transport.ts";
import type { Transport } from "../../net/transport.ts";
import { FRAME_SLACK_BYTES, keepAliveMs, PACK_FILE_LIMIT } from "../../protocol/limits.ts";
import type { CodecName } from "../../protocol/coding.ts";
import type { FinishedFiles } from "../../resume/run/finished_files.ts";
import type { SharedCompletions } from "../../resume/run/completion_log.ts";
import type { CompareReceiverOptions } from "../receive/compare_receiver.ts";
import { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import type { Compressor } from "../frames/compressor.ts";
import type { Decompressor } from "../frames/decompressor.ts";
import { FrameReader, FrameWriter } from "../frames/frames.ts";
import type { SameHostCopier } from "../receive/same_host_copier.ts";
import { type ReceiveHost, ReceiveStream } from "../receive/receive_stream.ts";
import { type RelayHost, relayStream } from "./relay_stream.ts";
import { type SendHost, sendStream } from "../send/send_stream.ts";
import { shareOf } from "../shared_limit.ts";
import { FRAMES_BEFORE, type StreamJob, type StreamKeysOf, type StreamRole } from "./job.ts";
import type { ReceiveReport, SendReport } from "../unit.ts";

/** All kinds of host; a stream uses what its role needs. */
export interface StreamHost extends Omit<SendHost, "report">, Omit<ReceiveHost, "report"> {
  report(report: SendReport | ReceiveReport): void;
  relayed: RelayHost["relayed"];
}

/** A proven connection. */
export interface StreamEnd {
  keys: StreamKeysOf;
  transport: Transport;
}

/** A stream under way. */
export interface RunningStream {
  /** Resolves when both directions have had their last frame; rejects with what broke the stream. */
  done: Promise<void>;
  /** A ranged file is finished or given up. */
  forget(file: number): void;
  /** Closes the connections and cancels pending writes, so that `done` rejects. */
  stop(): void;
  /** Bytes of frames that have gone from the sender to the receiver so far. */
  wireBytes(): number;
}

/**
 * Starts a stream, which closes its connections at its end.
 *
 * @param ends one connection; two for a relay: to the sender, then to the receiver.
 */
export function runStream(job: StreamJob, ends: StreamEnd[], host: StreamHost): RunningStream {
  const forgotten: number[] = [];
  const running: { receive?: ReceiveStream; frames?: Frames[] } = {};
  const done = run(job, ends, host, {
    opened: (frames) => running.frames = frames,
    started(receive) {
      running.receive = receive;
      for (const file of forgotten) receive.forget(file);
    },
  });
  return {
    done,
    forget(file) {
      if (running.receive) running.receive.forget(file);
      else forgotten.push(file);
    },
    stop() {
      for (const { transport } of ends) transport.close();
      running.receive?.close();
    },
    wireBytes() {
      const [first] = running.frames ?? [];
      return (job.role.type === "send" ? first?.writer.sent : first?.reader.received) ?? 0;
    },
  };
}

async function run(
  job: StreamJob,
  ends: StreamEnd[],
  host: StreamHost,
  { opened, started }: { opened: (frames: Frames[]) => void; started: (receive: ReceiveStream) => void },
): Promise<void> {
  const payloadLimit = Math.max(job.blockBytes, PACK_FILE_LIMIT) + FRAME_SLACK_BYTES;
  const cipher = loadCipherEngine(job.cipherEngine).engine;
  const yielder = new EventLoopYielder();
  const frames = await Promise.all(ends.map((end) => openFrames(cipher, paced(end, job), payloadLimit)));
  opened(frames);
  try {
    const { role, blockBytes } = job;
    const quietMs = keepAliveMs(job.idleTimeoutMs);
    if (role.type === "relay") return await relayStream(frames[0], frames[1], host, yielder);
    const real = loadFileEngine(job.fileEngine).engine;
    const files = job.dummy ? (await import("../../files/null/engine.ts")).createNullEngine(real) : real;
    if (role.type === "send") {
      const source = files.sourceReader(role.roots, { preserve: role.preserve, follow: role.follow });
      const compressor = role.codec && await createCompressor(role.codec, job);
      try {
        const { sparse, lends, keepsContents = false } = role;
        await sendStream({
          ...frames[0],
          source,
          host,
          yielder,
          blockBytes,
          quietMs,
          sparse,
          lends,
          payloadLimit,
          compressor,
          keepsContents,
        });
      } finally {
        compressor?.close();
        source.close();
      }
      return;
    }
    const decompressor = role.codecs.length > 0 ? await createExpander(role.codecs, job) : undefined;
    if (role.options.xattrs || role.options.acls) await files.loadXattrs();
    const target = files.targetWriter(role.roots, role.options);
    const finished = role.memory && await openFinished(role.memory, role.roots);
    const asks = await openAsks(role, files, { yielder, finished, isKept: (backup) => host.isKept(backup) });
    const lent = role.lender === undefined ? undefined : await openLentFiles(files, role.lender, yielder);
    const stream = new ReceiveStream({
      ...frames[0],
      target,
      roots: role.roots,
      asks: asks?.receiver,
      dryRun: role.comparison?.dryRun ?? false,
      digest: role.digests ? (await import("../../files/target/content_digest.ts")).digestBytes : undefined,
      finished,
      fsync: role.options.fsync ?? false,
      host,
      yielder,
      blockBytes,
      quietMs,
      payloadLimit,
      lent,
      decompressor,
    });
    started(stream);
    try {
      await stream.run();
    } finally {
      stream.close();
      decompressor?.close();
      asks?.comparer.close();
      target.abort();
      target.close();
    }
  } finally {
    // The loops of a broken stream may still be in a read or a write: closing the transport ends them.
    for (const { transport } of ends) transport.close();
    yielder.close();
    for (const { reader, writer } of frames) {
      reader.close();
      writer.close();
    }
  }
}

/** Loaded when it is wanted: most copies go without. */
async function createCompressor(codec: CodecName, { cipherEngine }: StreamJob): Promise<Compressor> {
  const [{ createCodec }, { Compressor }] = await Promise.all([
    import("../../compress/codecs.ts"),
    import("../frames/compressor.ts"),
  ]);
  return new Compressor(createCodec(codec, cipherEngine));
}

async function createExpander(codecs: readonly CodecName[], { cipherEngine }: StreamJob): Promise<Decompressor> {
  const [{ createCodec }, { Decompressor }] = await Promise.all([
    import("../../compress/codecs.ts"),
    import("../frames/decompressor.ts"),
  ]);
  return new Decompressor(codecs.map((codec) => createCodec(codec, cipherEngine)));
}

/** Loaded for copies on one machine. */
async function openLentFiles(files: FileEngine, lender: number, yielder: EventLoopYielder): Promise<SameHostCopier> {
  const { SameHostCopier } = await import("../receive/same_host_copier.ts");
  return new SameHostCopier(files, lender, yielder);
}

async function openFinished(memory: SharedCompletions, roots: readonly TargetRoot[]): Promise<FinishedFiles> {
  const { FinishedFiles } = await import("../../resume/run/finished_files.ts");
  return new FinishedFiles(memory, roots);
}

/** Loaded where the sender may ask. */
async function openAsks(
  { comparison: given, verify, roots, options, memory, digests }: RoleOf<"receive">,
  files: FileEngine,
  more: Pick<CompareReceiverOptions, "yielder" | "finished" | "isKept">,
) {
  const comparison = given ?? (memory?.known ? { by: "memory", dryRun: false } as const : undefined);
  if (!comparison && !verify) return undefined;
  const { CompareReceiver } = await import("../receive/compare_receiver.ts");
  const comparer = await files.targetComparer(roots, options);
  return {
    comparer,
    receiver: new CompareReceiver(comparer, comparison, { ...more, roots, verifies: verify, digests }),
  };
}

type RoleOf<Type> = Extract<StreamRole, { type: Type }>;

function paced({ keys, transport }: StreamEnd, { limit }: StreamJob): StreamEnd {
  return { keys, transport: limit ? new PacedTransport(transport, () => shareOf(limit)) : transport };
}

interface Frames {
  writer: FrameWriter;
  reader: FrameReader;
}

async function openFrames(cipher: CipherEngine, { keys, transport }: StreamEnd, payloadLimit: number): Promise<Frames> {
  const options = { payloadLimit, received: FRAMES_BEFORE, readAhead: true };
  return {
    writer: await FrameWriter.create(cipher, transport, keys.sendKey, FRAMES_BEFORE),
    reader: await FrameReader.create(cipher, transport, keys.receiveKey, options),
  };
}
