/** Digests source files without sending them. */

import { FileError } from "../../errors.ts";
import { isAsFound } from "../../files/stat/record_attributes.ts";
import { digestBytes, sumRange } from "../../files/target/content_digest.ts";
import type { SourceReader } from "../../files/engine/source.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import { crc32 } from "../../protocol/crc32.ts";
import { PACK_FILE_LIMIT } from "../../protocol/limits.ts";
import { RecordCursor, RecordType } from "../../protocol/data/records.ts";
import type { EventLoopYielder } from "../../async/event_loop_yielder.ts";
import type { DigestedFile, DigestReport } from "../report.ts";
import type { DigestUnit } from "../unit.ts";

/** Digests the files of a unit. @returns the sums of its report. */
export async function digestSources(
  unit: DigestUnit,
  source: SourceReader,
  yielder: EventLoopYielder,
): Promise<DigestReport["sums"]> {
  if (unit.file) return [await digestLarge(unit, source, yielder)];
  const plan = unit.plan!;
  const buffer = new Uint8Array(PACK_FILE_LIMIT);
  const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
  const sums: DigestReport["sums"] = [];
  let inDirectory = false;
  while (cursor.next()) {
    const { root, nameStart, nameEnd } = cursor;
    if (cursor.type !== RecordType.file) {
      inDirectory = ifReadable(() => source.enter(root, plan, nameStart, nameEnd)) !== UNREADABLE;
      continue;
    }
    const read = () => source.readWhole(plan, nameStart, nameEnd, buffer, 0, buffer.length);
    const length = inDirectory ? ifReadable(read) : UNREADABLE;
    if (length === UNREADABLE) sums.push(undefined);
    else {
      const isSame = length === cursor.size && source.change === FileChange.none && isAsFound(cursor, source.stat);
      const change = isSame ? FileChange.none : FileChange.certain;
      sums.push({ crc32: crc32(buffer, 0, length), digest: digestBytes(buffer.subarray(0, length)), change });
    }
    const yielding = yielder.yieldIfDue();
    if (yielding) await yielding;
  }
  return sums;
}

async function digestLarge(
  { file, sha256 }: DigestUnit,
  source: SourceReader,
  yielder: EventLoopYielder,
): Promise<DigestedFile | undefined> {
  const { root, path, size, identity, times } = file!;
  const reader = ifReadable(() => source.openLarge(root, path, identity));
  if (reader === UNREADABLE) return undefined;
  try {
    // The cache of a network file system may contain pages from before a change.
    reader.forgetCache();
    const sum = await sumRange(reader, 0, size, () => yielder.yieldIfDue(), { sha256 });
    // `reader.size` is the size at the time of opening.
    const change = reader.size === size ? reader.changeSince(times) : FileChange.certain;
    return sum && { ...sum, change };
  } catch (error) {
    if (error instanceof FileError) return undefined;
    throw error;
  } finally {
    reader.close();
  }
}

const UNREADABLE = Symbol();

function ifReadable<Result>(read: () => Result): Result | typeof UNREADABLE {
  try {
    return read();
  } catch (error) {
    if (error instanceof FileError) return UNREADABLE;
    throw error;
  }
}
