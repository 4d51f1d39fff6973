/** Sends ask units: records without contents, and the digests of files that only contents can tell apart. */

import { FileError } from "../errors.ts";
import type { RangeReader, SourceReader } from "../files/engine.ts";
import {
  ASK_HEADER_BYTES,
  AskPhase,
  DIGEST_BYTES,
  NO_DIGEST,
  type RangeDigest,
  writeAskHeader,
  writeDigest,
} from "../protocol/ask.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../protocol/frame.ts";
import { PACK_FILE_LIMIT } from "../protocol/limits.ts";
import { RecordCursor, RecordType } from "../protocol/records.ts";
import type { Breather } from "./breather.ts";
import type { FrameSender } from "./frame_sender.ts";
import { FRAME_START } from "./frames.ts";
import { aliveWhile } from "./keep_alive.ts";
import type { AskedRange, AskUnit } from "./unit.ts";

type DigestRange = typeof import("../files/content_digest.ts").digestRange;

/** Asks. One for each stream: it has a current folder, and keeps the last large file open. */
export class AskSender {
  readonly #source: SourceReader;
  readonly #out: FrameSender;
  readonly #breather: Breather;
  readonly #quietMs: number;
  #open?: { range: AskedRange; reader: RangeReader };
  #buffer?: Uint8Array<ArrayBuffer>;

  constructor(source: SourceReader, out: FrameSender, breather: Breather, quietMs: number) {
    this.#quietMs = quietMs;
    this.#source = source;
    this.#out = out;
    this.#breather = breather;
  }

  async send(unit: AskUnit): Promise<void> {
    // While they are computed the frame buffers are free for signs of life.
    const digests = unit.phase === AskPhase.digest
      ? await aliveWhile(this.#digests(unit), this.#out, this.#quietMs)
      : [];
    const { bytes, view } = this.#out;
    const start = FRAME_START + FRAME_HEADER_BYTES;
    const { plan, phase, verify, last, attempt } = unit;
    writeAskHeader(view, start, { unit: unit.unit, attempt, phase, verify, last, recordsBytes: plan.length });
    bytes.set(plan, start + ASK_HEADER_BYTES);
    let at = start + ASK_HEADER_BYTES + plan.length;
    for (const digest of digests) {
      writeDigest(bytes, view, at, digest);
      at += DIGEST_BYTES;
    }
    await this.#out.send(FrameKind.ask, at - start);
  }

  /** Closes the last file. */
  close(): void {
    this.#open?.reader.close();
    this.#open = undefined;
  }

  async #digests({ plan, range, verify = false }: AskUnit): Promise<RangeDigest[]> {
    const { digestBytes, digestRange } = await import("../files/content_digest.ts");
    if (range) {
      const { start, end } = range;
      return [{ start, end, digest: await this.#digestLarge(range, digestRange, verify) ?? NO_DIGEST }];
    }
    const buffer = this.#buffer ??= new Uint8Array(PACK_FILE_LIMIT);
    const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
    const digests: RangeDigest[] = [];
    let inFolder = false;
    while (cursor.next()) {
      const { root, nameStart, nameEnd, size } = cursor;
      if (cursor.type !== RecordType.file) {
        inFolder = goesWell(() => this.#source.enter(root, plan, nameStart, nameEnd));
        continue;
      }
      let length = -1;
      this.#source.uncached = verify;
      if (inFolder) goesWell(() => length = this.#source.readWhole(plan, nameStart, nameEnd, buffer, 0, buffer.length));
      this.#source.uncached = false;
      const digest = length === size ? digestBytes(buffer.subarray(0, length)) : NO_DIGEST;
      digests.push({ start: 0, end: size, digest });
      const pausing = this.#breather.breathe();
      if (pausing) await pausing;
    }
    return digests;
  }

  /** Undefined where the file is not what it was, or cannot be read. */
  async #digestLarge(range: AskedRange, digestRange: DigestRange, verify: boolean): Promise<Uint8Array | undefined> {
    try {
      const reader = this.#readerOf(range);
      if (verify) reader.forgetCache();
      if (reader.size !== range.size) return undefined;
      const digest = await digestRange(reader, range.start, range.end, () => this.#breather.breathe());
      return reader.changed() ? undefined : digest;
    } catch (error) {
      if (error instanceof FileError) return undefined;
      throw error;
    }
  }

  #readerOf(range: AskedRange): RangeReader {
    const open = this.#open;
    if (open?.range.root === range.root && open.range.path === range.path) return open.reader;
    this.close();
    const reader = this.#source.openRanged(range.root, range.path, range.identity);
    this.#open = { range, reader };
    return reader;
  }
}

/** Whether the path did not fail: if it does, whoever sends it later tells why. */
function goesWell(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof FileError) return false;
    throw error;
  }
}
