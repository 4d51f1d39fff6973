/// <reference lib="deno.worker" />
/**
 * One end of a transfer in a Worker: sends or receives blocks, or packs of small files, with the modules of escp, and measures
 * each stage. Both ends run at the same time, because stages take longer if all cores are busy.
 */

import { EventLoopYielder } from "../../../src/async/event_loop_yielder.ts";
import type { DirectionKey } from "../../../src/crypto/cipher.ts";
import { loadCipherEngine } from "../../../src/crypto/engines.ts";
import type { FileEngine } from "../../../src/files/engine/engine.ts";
import type { RangeReader, SourceRoot } from "../../../src/files/engine/source.ts";
import type { RangeWriter } from "../../../src/files/engine/partial_file.ts";
import { loadFileEngine } from "../../../src/files/load_engine.ts";
import { combineCrc32, crc32 } from "../../../src/protocol/crc32.ts";
import { BLOCK_HEADER_BYTES, BlockCodec, readBlockHeader, writeBlockHeader } from "../../../src/protocol/data/block.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../../../src/protocol/data/frame.ts";
import { PACK_HEADER_BYTES, readPackHeader } from "../../../src/protocol/data/pack.ts";
import { FRAME_SLACK_BYTES, PACK_FILE_LIMIT } from "../../../src/protocol/limits.ts";
import { FinishedFiles } from "../../../src/resume/run/finished_files.ts";
import { FrameSender } from "../../../src/streams/frames/frame_sender.ts";
import { FRAME_START, FrameReader, FrameWriter } from "../../../src/streams/frames/frames.ts";
import { PackReceiver } from "../../../src/streams/receive/pack_receiver.ts";
import { PackSender } from "../../../src/streams/send/pack_sender.ts";
import { beginPack } from "../../../src/streams/send/sent_pack.ts";
import { bindThread } from "./bind_thread.ts";
import { ThreadClock, timeSampled } from "./thread_clock.ts";
import { timedCiphers, timedTransport } from "./timed_engines.ts";

/** Work of one end. Plain data. */
export interface EndWork {
  role: "send" | "receive";
  /** Connected sockets, one per stream. The Worker owns them. */
  descriptors: number[];
  /** Blocks of a large file at `path`. */
  blocks?: { path: string; bytes: number; blockBytes: number };
  /** Small files below the directory `path`; the receiver writes to it. */
  packs?: { path: string };
  /** CPU to which the thread is bound. */
  cpu?: number;
}

/** Result of one end. */
export interface EndTimes {
  /** Processor time by stage. */
  seconds: Record<string, number>;
  /** Processor time of the thread, including the stages. */
  threadSeconds: number;
  files: number;
}

const CONTENTS = FRAME_START + FRAME_HEADER_BYTES + BLOCK_HEADER_BYTES;
const KEY: DirectionKey = { cipher: "aes-128-gcm", key: new Uint8Array(16), salt: new Uint8Array(4) };
/** Frames of each stream before the measurement, so that the compiler has optimized the loop. */
const WARM_UP_FRAMES = 24;

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
let start: () => void;

scope.onmessage = ({ data }: MessageEvent<EndWork | "start">) => {
  if (data === "start") start();
  else void run(data).then((times) => scope.postMessage(times));
};

async function run(work: EndWork): Promise<EndTimes> {
  if (work.cpu !== undefined) bindThread(work.cpu);
  const clock = new ThreadClock();
  const files = (await loadFileEngine("auto")).engine;
  const ciphers = timedCiphers(loadCipherEngine("auto").engine, clock);
  const blockBytes = work.blocks?.blockBytes ?? 0;
  const payloadLimit = Math.max(blockBytes, PACK_FILE_LIMIT) + FRAME_SLACK_BYTES;
  const yielder = new EventLoopYielder();
  const context = { clock, files, yielder, payloadLimit };
  const frames = await Promise.all(work.descriptors.map(async (descriptor) => {
    const transport = timedTransport(descriptor, clock);
    const writer = await FrameWriter.create(ciphers, transport, KEY, 0);
    const reader = await FrameReader.create(ciphers, transport, KEY, { payloadLimit, received: 0, readAhead: true });
    return { writer, reader, transport };
  }));
  let times: EndTimes;
  if (work.blocks && work.role === "send") {
    times = await sendBlocks(
      work.blocks,
      frames.map(({ writer }) => writer),
      context,
    );
  } else if (work.blocks) times = await receiveBlocks(work.blocks, frames.map(({ reader }) => reader), context);
  else if (work.role === "send") times = await sendPacks(work.packs!.path, frames[0].writer, context);
  else times = await receivePacks(work.packs!.path, frames[0].reader, context);
  for (const { writer, reader, transport } of frames) {
    writer.close();
    reader.close();
    transport.close();
  }
  yielder.close();
  return times;
}

interface Context {
  clock: ThreadClock;
  files: FileEngine;
  yielder: EventLoopYielder;
  payloadLimit: number;
}

/** Reports that this end is ready, waits for the other one, and measures the work. */
async function measured(clock: ThreadClock, work: () => Promise<number>): Promise<EndTimes> {
  const started = new Promise<void>((resolve) => start = resolve);
  scope.postMessage("ready");
  await started;
  clock.reset();
  const before = clock.now();
  const files = await work();
  return { seconds: { ...clock.seconds }, threadSeconds: clock.now() - before, files };
}

async function sendBlocks(
  { path, bytes, blockBytes }: NonNullable<EndWork["blocks"]>,
  writers: FrameWriter[],
  { clock, files, yielder, payloadLimit }: Context,
): Promise<EndTimes> {
  const source = files.sourceReader([rootOf(path, "file")]);
  const reader: RangeReader = source.openLarge(0, "");
  const outs = writers.map((writer) => new FrameSender(writer, payloadLimit, yielder));
  const part = bytes / outs.length;
  const send = async (out: FrameSender, offset: number) => {
    clock.time("read file", () => reader.readAt(out.bytes, CONTENTS, blockBytes, offset));
    const sum = clock.time("checksum", () => crc32(out.bytes, CONTENTS, CONTENTS + blockBytes));
    combineCrc32(1, sum, blockBytes);
    const header = { unit: 0, file: 0, offset, length: blockBytes, crc32: sum, codec: BlockCodec.stored, last: false };
    writeBlockHeader(out.view, CONTENTS - BLOCK_HEADER_BYTES, header);
    await out.send(FrameKind.block, BLOCK_HEADER_BYTES + blockBytes);
  };
  await Promise.all(outs.map(async (out) => {
    for (let frame = 0; frame < WARM_UP_FRAMES; frame++) await send(out, 0);
    await out.flush();
  }));
  const times = await measured(clock, async () => {
    await Promise.all(outs.map(async (out, stream) => {
      for (let at = 0; at < part; at += blockBytes) await send(out, stream * part + at);
      await out.flush();
    }));
    return 1;
  });
  reader.close();
  source.close();
  return times;
}

async function receiveBlocks(
  { path, bytes, blockBytes }: NonNullable<EndWork["blocks"]>,
  readers: FrameReader[],
  { clock, files }: Context,
): Promise<EndTimes> {
  const [directory, name] = [path.slice(0, path.lastIndexOf("/")), path.slice(path.lastIndexOf("/") + 1)];
  const options = { preserve: false, umask: 0o022, token: "model", direct: true };
  const target = files.openTarget([{ kind: "file", directory, name }], options);
  const writer: RangeWriter = target.partials.open(target.partials.create(0, "", bytes));
  const part = bytes / readers.length;
  const receive = async (reader: FrameReader) => {
    await reader.next();
    const block = readBlockHeader(reader.view, reader.start, reader.end, blockBytes);
    const from = reader.start + BLOCK_HEADER_BYTES;
    const sum = clock.time("verify checksum", () => crc32(reader.bytes, from, reader.end));
    if (sum !== block.crc32) throw new Error("A block has changed in transit");
    combineCrc32(1, sum, block.length);
    clock.time("write file", () => writer.writeAt(reader.bytes, from, block.length, block.offset));
  };
  await Promise.all(readers.map(async (reader) => {
    for (let frame = 0; frame < WARM_UP_FRAMES; frame++) await receive(reader);
  }));
  const times = await measured(clock, async () => {
    await Promise.all(readers.map(async (reader) => {
      for (let at = 0; at < part; at += blockBytes) await receive(reader);
    }));
    return 1;
  });
  writer.close();
  target.abort();
  target.close();
  return times;
}

async function sendPacks(path: string, writer: FrameWriter, context: Context): Promise<EndTimes> {
  const { clock, files, yielder, payloadLimit } = context;
  const roots = [rootOf(path, "folder")];
  const source = files.sourceReader(roots);
  timeSampled(source as unknown as Record<"readWhole", unknown>, "readWhole", clock, "open, read and close");
  const out = new FrameSender(writer, payloadLimit, yielder);
  const sender = new PackSender(source, out);
  const times = await measured(clock, async () => {
    const walk = files.walk(roots, { recursive: true });
    let sent = 0;
    for (let unit = 0;; unit++) {
      const before = clock.now();
      const item = await walk.next();
      clock.add("walk", clock.now() - before);
      if (!item) break;
      if (item.type !== "pack") throw new Error(`The walk has found something else: ${item.type}`);
      const pack = { type: "pack" as const, unit, attempt: 0, plan: item.plan, records: item.records };
      await sender.send(pack, beginPack(pack));
      sent += item.files;
    }
    walk.close();
    await out.send(FrameKind.end, 0);
    await out.flush();
    return sent;
  });
  source.close();
  return times;
}

async function receivePacks(
  path: string,
  reader: FrameReader,
  { clock, files, payloadLimit }: Context,
): Promise<EndTimes> {
  const roots = [{ kind: "folder" as const, path, created: true }];
  const options = { preserve: false, umask: 0o022, token: "model", statAfterWrite: true };
  const target = files.openTarget(roots, options);
  timeSampled(
    target.small as unknown as Record<"writeWhole", unknown>,
    "writeWhole",
    clock,
    "create, write and rename",
  );
  const receiver = new PackReceiver(target, roots, { finished: new FinishedFiles({ key: [1, 2] }, roots) });
  const times = await measured(clock, async () => {
    let received = 0;
    for (await reader.next(); reader.kind !== FrameKind.end; await reader.next()) {
      const header = readPackHeader(reader.view, reader.start, reader.end, payloadLimit);
      const from = reader.start + PACK_HEADER_BYTES;
      const { report } = await receiver.receive(header, { bytes: reader.bytes, start: from, end: reader.end });
      if (report.failures.length > 0) throw new Error(report.failures[0].message);
      received += report.files;
    }
    return received;
  });
  target.close();
  return times;
}

function rootOf(path: string, kind: "file" | "folder"): SourceRoot {
  const { dev, ino, size } = Deno.statSync(path);
  const identity = { dev, inode: ino! };
  return { path, name: "source", kind, identity, size: kind === "file" ? size : 0 };
}
