/** The sending side of one stream: takes units, sends them, and takes the results. */

import { ProtocolError } from "../../errors.ts";
import type { SourceReader } from "../../files/engine/source.ts";
import { FrameKind } from "../../protocol/data/frame.ts";
import { readResult } from "../../protocol/data/results.ts";
import type { CompareSender, SentCompare } from "./compare_sender.ts";
import { AwaitedResults } from "./awaited_results.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import type { Compressor } from "../frames/compressor.ts";
import { FrameSender } from "../frames/frame_sender.ts";
import type { FrameReader, FrameWriter } from "../frames/frames.ts";
import { beginPack, PackSender } from "./pack_sender.ts";
import { sendInput } from "./input_sender.ts";
import { aliveWhile } from "../frames/keep_alive.ts";
import { RangeSender, type SentRange } from "./range_sender.ts";
import type { SendReport, WorkUnit } from "../unit.ts";

/** Where a sending stream gets its work, and whom it tells. In another thread, perhaps. */
export interface SendHost {
  /** The next unit; undefined when there is none and never will be. */
  next(): Promise<WorkUnit | undefined>;
  /** The receiver's result of a unit, compared with what was sent. */
  report(report: SendReport): void;
  /** Bytes that the receiver has written on this stream so far. */
  written(bytes: number): void;
}

/** What a sending stream works with. */
export interface SendStreamOptions {
  reader: FrameReader;
  writer: FrameWriter;
  source: SourceReader;
  host: SendHost;
  yielder: EventLoopYielder;
  blockBytes: number;
  /** Holes, and blocks of zeros, are sent as such. */
  sparse: boolean;
  /** Ranged files are lent, and stay open until they have been copied. */
  lends: boolean;
  /** How long this end says nothing at the most, in milliseconds. */
  quietMs: number;
  payloadLimit: number;
  /** Compresses what is worth it. */
  compressor?: Compressor;
  /** Reports of packs have what was sent: sizes, CRC-32 and SHA-256. */
  keepsContents: boolean;
}

/** Runs until the host has no more units and all results are there. @throws what broke the stream. */
export async function sendStream(options: SendStreamOptions): Promise<void> {
  const { host, reader, yielder, quietMs } = options;
  const out = new FrameSender(options.writer, options.payloadLimit, yielder);
  const { source, compressor, keepsContents } = options;
  const digest = keepsContents ? (await import("../../files/target/content_digest.ts")).digestBytes : undefined;
  const packs = new PackSender(source, out, { compressor, digest });
  const ranges = new RangeSender(source, out, options);
  let asks: CompareSender | undefined;
  const awaited = new AwaitedResults((report) => host.report(report));
  const state = { ending: false, stopped: false };
  const reading = readResults(reader, awaited, host, state);
  // Whatever fails first ends both loops: the owner closes the transport when this rejects.
  const sending = (async () => {
    for (
      let unit = await aliveWhile(host.next(), out, quietMs);
      unit;
      unit = await aliveWhile(host.next(), out, quietMs)
    ) {
      // Whoever gave it takes it back.
      if (state.stopped) return;
      if (unit.type === "ask") {
        asks ??= new (await import("./compare_sender.ts")).CompareSender(source, out, yielder, options.quietMs);
        const sent: SentCompare = { unit };
        awaited.ask(sent);
        await asks.send(sent);
        await out.flush();
      } else if (unit.type === "digest") {
        const { digestSources } = await import("./digest_sources.ts");
        const sums = await aliveWhile(digestSources(unit, source, yielder), out, quietMs);
        host.report({ type: "digest", unit: unit.unit, sums });
      } else if (unit.type === "pack") {
        const sent = awaited.add(beginPack(unit, keepsContents));
        await packs.send(unit, sent);
        await out.flush();
        awaited.settlePack(sent);
      } else {
        if (options.lends && unit.file !== ranges.file) await awaited.empty();
        const range = unit.type === "range" ? unit : { unit: unit.unit, file: unit.file, start: 0, end: 0 };
        const sent = awaited.add<SentRange>({ type: "range", unit: range, crc32: 0, refused: false });
        if (unit.type === "range") await ranges.send(unit, sent);
        else await sendInput(Deno.stdin, unit, sent, out, options);
        await out.flush();
        if (sent.failure) awaited.settleRange(sent, undefined);
      }
      await awaited.room();
    }
    await awaited.empty();
    state.ending = true;
    await out.send(FrameKind.end, 0);
    await out.flush();
  })();
  try {
    await Promise.all([sending, reading]);
  } finally {
    state.stopped = true;
    ranges.close();
    asks?.close();
    awaited.fail();
  }
}

async function readResults(
  reader: FrameReader,
  awaited: AwaitedResults,
  host: SendHost,
  state: { ending: boolean },
): Promise<void> {
  for (;;) {
    await reader.next();
    if (reader.kind === FrameKind.end) {
      if (state.ending) return;
      throw new ProtocolError("bad-order", "Cannot accept the receiver's last frame before the sender's");
    }
    if (reader.kind === FrameKind.keepAlive) continue;
    if (reader.kind !== FrameKind.result) {
      throw new ProtocolError("bad-frame", `Cannot accept a frame of kind ${reader.kind} from a receiver`);
    }
    const result = readResult(reader.view, reader.start, reader.end);
    if (result.type === "progress") host.written(result.bytes);
    else if (result.type === "pack") awaited.pack(result);
    else if (result.type === "answer") awaited.answer(result);
    else awaited.range(result);
  }
}
