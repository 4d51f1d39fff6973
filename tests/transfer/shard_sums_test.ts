import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { crc32 } from "../../src/protocol/crc32.ts";
import { ReportedRanges, type WrittenRange } from "../../src/transfer/shard_sums.ts";
import { randomBytes } from "../support/files/random_bytes.ts";

const BYTES = randomBytes(100, "shards");
const SOURCE = { path: "a/b", size: 100, mtime: 5, mtimeNs: 6, version: 1 };

/** Returns the report of a range. */
function range(start: number, end: number, more: Partial<WrittenRange> = {}): WrittenRange {
  return { ...SOURCE, start, end, crc32: crc32(BYTES, start, end), ...more };
}

/** Returns ranges that shards have reported. */
function reported(...ranges: WrittenRange[]): ReportedRanges {
  const all = new ReportedRanges();
  for (const each of ranges) all.add(each);
  return all;
}

const CHANGED = "the source changed while the shards copied it";

describe("ReportedRanges", () => {
  it("combine to the sum of the file in any order", () => {
    const all = reported(range(60, 100), range(0, 60));
    assertEquals(all.problemOf(SOURCE), undefined);
    assertEquals(all.problemOfSum("a/b", crc32(BYTES, 0, 100)), undefined);
    assertStringIncludes(all.problemOfSum("a/b", 1)!, "CRC-32 differs");
  });

  it("are incomplete if one is missing", () => {
    assertEquals(reported(range(0, 60)).problemOf(SOURCE), "shards have not sent all of its ranges");
    assertEquals(reported().problemOf(SOURCE), "no shard has sent a range of it");
    assertEquals(reported(range(0, 60), range(0, 60)).problemOf(SOURCE), "two shards have sent the same range");
  });

  it("must be of the source that the run that finishes has found", () => {
    for (const other of [{ mtime: 6 }, { mtimeNs: 7 }, { version: 2 }, { size: 101 }]) {
      assertEquals(reported(range(0, 100)).problemOf({ ...SOURCE, ...other }), CHANGED);
      assertEquals(reported(range(0, 60), range(60, 100, other)).problemOf(SOURCE), CHANGED);
    }
  });

  it("name files that do not have their final names", () => {
    const all = reported(range(0, 100), range(0, 100, { path: "c" }));
    all.joined("a/b");
    assertEquals(all.unjoined, ["c"]);
  });
});
