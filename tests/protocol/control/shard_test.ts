import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError } from "../../../src/errors.ts";
import { parseMessage } from "../../../src/protocol/control/message_codec.ts";
import { parseShard, splitRanges } from "../../../src/protocol/control/shard.ts";

const MIB = 1 << 20;

describe("parseShard", () => {
  it("accepts shards, and the run that finishes", () => {
    for (const shard of [{ index: 0, count: 1 }, { index: 9, count: 10, splitBytes: MIB }, { count: 65_536 }]) {
      assertEquals(JSON.parse(JSON.stringify(parseShard({ shard }, "shard"))), shard);
    }
  });

  it("refuses numbers that the count does not allow, and other sizes of ranges", () => {
    const bad: unknown[] = [{}, 1, { count: 0 }, { count: 65_537 }, { index: 2, count: 2 }, { index: -1, count: 2 }];
    const sizes = [0, 1, MIB - 1, MIB + 1, 2 ** 53].map((splitBytes) => ({ count: 1, splitBytes }));
    for (const shard of [...bad, ...sizes]) assertThrows(() => parseShard({ shard }, "shard"), ProtocolError);
  });
});

describe("splitRanges", () => {
  it("covers files at the boundaries of ranges", () => {
    assertEquals(splitRanges(MIB, MIB), [{ start: 0, end: MIB }]);
    assertEquals(splitRanges(2 * MIB + 1, MIB), [
      { start: 0, end: MIB },
      { start: MIB, end: 2 * MIB },
      { start: 2 * MIB, end: 2 * MIB + 1 },
    ]);
  });

  it("has longer ranges for files that would have more than 65,536 of them", () => {
    assertEquals(splitRanges(65_536 * MIB, MIB).length, 65_536);
    const ranges = splitRanges(65_536 * MIB + 1, MIB);
    assertEquals([ranges.length, ranges[0].end, ranges.at(-1)!.end], [32_769, 2 * MIB, 65_536 * MIB + 1]);
  });
});

describe("the range of a file that is opened", () => {
  it("must have bytes", () => {
    const attributes = { mode: 0, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };
    const open = { type: "open", file: 0, root: 0, path: "a", size: 9, attributes };
    for (const range of [{ start: 3, end: 3 }, { start: 4, end: 3 }, {}, []]) {
      assertThrows(() => parseMessage(JSON.stringify({ ...open, range })), ProtocolError);
    }
  });
});
