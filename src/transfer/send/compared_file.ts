/** Large files that the receiver compares, range by range. */

import { FileStat } from "../../files/stat/file_stat.ts";
import { type Pack, PackBuilder } from "../../files/walk/pack_builder.ts";
import { combineCrc32 } from "../../protocol/crc32.ts";
import type { SelectedRecords } from "../../protocol/data/select_records.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import { encodeName } from "../../protocol/names.ts";
import type { ComparedRange, RangedItem } from "../../streams/unit.ts";

/** Bytes of a range. Both ends compute one digest while another is in transit. */
const DIGEST_RANGE_BYTES = 32 << 20;

/** A large file to compare. */
export interface GatheredFile {
  item: RangedItem;
  /** Ranges that were sent, in order and without gaps, if known. */
  sent?: readonly SummedRange[];
}

/** A large file that is compared by contents. */
export interface ComparedFile extends GatheredFile {
  plan: SelectedRecords;
  /** Start of the next range. */
  next: number;
  /** Index in `sent` of the range that starts there. */
  nextSent: number;
  /** Number of ranges without an answer. */
  inFlight: number;
  different: boolean;
}

/** Takes the next range to compare. If sent ranges are known, it ends at the end of one of them. */
export function takeRange(file: ComparedFile): Pick<ComparedRange, "start" | "end" | "crc32"> {
  const { item: { size }, sent, next: start } = file;
  let end = start;
  let crc32: number | undefined;
  if (!sent) end = Math.min(size, start + DIGEST_RANGE_BYTES);
  else {
    crc32 = 0;
    for (let range = sent[file.nextSent]; range; range = sent[++file.nextSent]) {
      if (end > start && range.end - start > DIGEST_RANGE_BYTES) break;
      crc32 = combineCrc32(crc32, range.crc32, range.end - range.start);
      end = range.end;
    }
  }
  file.next = end;
  return { start, end, crc32 };
}

/** Reused, because its buffer is larger than most plans. */
let builder: PackBuilder | undefined;

/** Returns the records of large files as a plan. */
export function planOf(items: RangedItem[]): Pick<Pack, "plan" | "records"> {
  builder ??= new PackBuilder();
  let directory: string | undefined;
  for (const { root, path, size, attributes, identity: { inode }, times, xattrs } of items) {
    const at = path.lastIndexOf("/");
    const above = path.slice(0, Math.max(0, at));
    if (directory !== `${root}/${above}`) builder.enter(root, encodeName(above));
    directory = `${root}/${above}`;
    const name = encodeName(path.slice(at + 1));
    builder.addFile(name, 0, name.length, Object.assign(new FileStat(), attributes, times, { size, inode }), xattrs);
  }
  const { plan, records } = builder.take()!;
  return { plan, records };
}
