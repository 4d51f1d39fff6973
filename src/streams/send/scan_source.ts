/** Searches ranges of source files for blocks of their old files, without sending anything. */

import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { createBlockDigester } from "../../crypto/block_digest.ts";
import { BlockScanner, type Piece } from "../../delta/block_scanner.ts";
import type { Segment } from "../../delta/segments.ts";
import { Signature } from "../../delta/signature.ts";
import { FileError } from "../../errors.ts";
import type { RangeReader, SourceReader } from "../../files/engine/source.ts";
import { shrunkFile } from "../../files/stat/file_failure.ts";
import { combineCrc32 } from "../../protocol/crc32.ts";
import { MAX_OLD_BYTES } from "../../protocol/data/block.ts";
import type { StreamJob } from "../run/job.ts";
import type { ScanUnit } from "../unit.ts";

/** Bytes that are read and scanned at once. A window of a few of them stays in the cache of the processor. */
const PIECE_BYTES = 256 << 10;

/** Returns the segments of a unit; undefined if the source cannot be read. @param options.sparse Whether holes are skipped. */
export async function scanSource(
  unit: ScanUnit,
  source: SourceReader,
  yielder: EventLoopYielder,
  { cipherEngine, sparse }: Pick<StreamJob, "cipherEngine"> & { sparse: boolean },
): Promise<Segment[] | undefined> {
  const digester = createBlockDigester(cipherEngine, unit.key);
  let reader: RangeReader | undefined;
  try {
    reader = source.openLarge(unit.root, unit.path, unit.identity);
    const scanner = new BlockScanner(
      new Signature(unit.signature),
      (...block) => digester.digest(...block),
      { inPlace: unit.inPlace },
    );
    const segments: Segment[] = [];
    const { blockBytes } = unit.signature;
    const pieceBytes = Math.max(PIECE_BYTES, blockBytes);
    const window = new SourceWindow(reader, pieceBytes, blockBytes);
    for (let start = unit.start; start < unit.end; start += pieceBytes) {
      const end = Math.min(unit.end, start + pieceBytes);
      const isHole = sparse && reader.holeAt(start, end - start) === end - start;
      const found = isHole ? [{ start, end, isHole }] : scanner.scan(window.move(start, end));
      found.forEach((segment) => append(segments, segment));
      const yielding = yielder.yieldIfDue();
      if (yielding) await yielding;
    }
    return segments;
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  } finally {
    reader?.close();
    digester.close();
  }
}

/** The bytes of a piece, with up to one block before and after it. Bytes that two pieces need are read once. */
class SourceWindow {
  readonly #reader: RangeReader;
  readonly #blockBytes: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #offset = 0;
  #length = 0;

  constructor(reader: RangeReader, pieceBytes: number, blockBytes: number) {
    this.#reader = reader;
    this.#bytes = new Uint8Array(pieceBytes + 2 * blockBytes);
    this.#blockBytes = blockBytes;
  }

  /** Moves the window to a piece. @throws {FileError} If the file ends before. */
  move(start: number, end: number): Piece {
    const offset = Math.max(0, start - this.#blockBytes);
    const length = end + this.#blockBytes - offset;
    const skipped = offset - this.#offset;
    const known = Math.min(length, Math.max(0, this.#length - skipped));
    if (known > 0) this.#bytes.copyWithin(0, skipped, skipped + known);
    this.#offset = offset;
    this.#length = known + this.#reader.readAt(this.#bytes, known, length - known, offset + known);
    if (offset + this.#length < end) throw shrunkFile(this.#reader.path, "while it was read");
    return { bytes: this.#bytes, offset, length: this.#length, start, end };
  }
}

/** Appends a segment, which may continue the last one. */
function append(segments: Segment[], segment: Segment): void {
  const last = segments.at(-1);
  const isLiteral = segment.old === undefined && last?.old === undefined && last?.isHole === segment.isHole;
  if (last && isLiteral) last.end = segment.end;
  else if (
    last?.old !== undefined && segment.old === last.old + last.end - last.start &&
    segment.end - last.start <= MAX_OLD_BYTES
  ) {
    last.crc32 = combineCrc32(last.crc32, segment.crc32, segment.end - segment.start);
    last.end = segment.end;
  } else segments.push(segment);
}
