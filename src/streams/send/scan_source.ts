/** Searches ranges of source files for blocks of their old files, without sending anything. */

import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import { createBlockDigester } from "../../crypto/block_digest.ts";
import { BlockScanner } from "../../delta/block_scanner.ts";
import type { Segment } from "../../delta/segments.ts";
import { Signature } from "../../delta/signature.ts";
import { FileError } from "../../errors.ts";
import type { RangeReader, SourceReader } from "../../files/engine/source.ts";
import { combineCrc32 } from "../../protocol/crc32.ts";
import { MAX_OLD_BYTES } from "../../protocol/data/block.ts";
import { MAX_COARSE_BYTES } from "../../protocol/data/signature.ts";
import type { StreamJob } from "../run/job.ts";
import type { ScanUnit } from "../unit.ts";

/** Bytes that are scanned between two yields to the event loop. */
const PIECE_BYTES = 8 << 20;

/** Shared by all units of this thread: there is no await between reading and scanning a piece. */
let buffer = new Uint8Array(0);

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
    for (let start = unit.start; start < unit.end; start += PIECE_BYTES) {
      const end = Math.min(unit.end, start + PIECE_BYTES);
      const isHole = sparse && reader.holeAt(start, end - start) === end - start;
      const found = isHole
        ? [{ start, end, isHole }]
        : scanner.scan(readPiece(reader, start, end, unit.signature.blockBytes));
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

/** Reads a piece, with up to one block before and after it. */
function readPiece(reader: RangeReader, start: number, end: number, blockBytes: number) {
  if (buffer.length === 0) buffer = new Uint8Array(PIECE_BYTES + 2 * MAX_COARSE_BYTES);
  const offset = Math.max(0, start - blockBytes);
  const length = reader.readAt(buffer, 0, end + blockBytes - offset, offset);
  return { bytes: buffer, offset, length, start, end: Math.max(start, Math.min(end, offset + length)) };
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
