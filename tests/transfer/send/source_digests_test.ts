import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { FileChange } from "../../../src/files/stat/file_change.ts";
import type { Message } from "../../../src/protocol/control/messages.ts";
import type { DigestUnit, RangedItem, RangeUnit } from "../../../src/streams/unit.ts";
import { LargeFiles } from "../../../src/transfer/send/large_files.ts";
import type { SchedulerOptions } from "../../../src/transfer/send/scheduler_host.ts";
import { SourceDigests } from "../../../src/transfer/send/source_digests.ts";

const MIB = 1 << 20;
const SIZE = 12 * MIB;
const TIMES = { mtime: 1_500_000_000, mtimeNs: 0, ctime: 1_600_000_000, ctimeNs: 0 };
const ITEM: RangedItem = {
  ...{ type: "ranged", root: 0, path: "f", size: SIZE, identity: { dev: 1, inode: 2 }, times: TIMES },
  attributes: { mode: 0o644, uid: 0, gid: 0, mtime: TIMES.mtime, mtimeNs: 0, atime: 0, atimeNs: 0 },
};
const DIGEST = new Uint8Array(32).fill(7);

/** Announces and opens a large file. Returns the messages about it. */
function opened(options: Partial<SchedulerOptions> & { lists?: boolean; kept?: boolean; item?: RangedItem }) {
  const sent: Message[] = [];
  const notes: string[] = [];
  const failed: string[] = [];
  const listed: string[] = [];
  const units: DigestUnit[] = [];
  const { lists = false, kept = false, item = ITEM } = options;
  const digests = new SourceDigests({
    rootName: () => ".",
    digest: (work) => units.push({ type: "digest", unit: units.length, attempt: 0, ...work }) - 1,
    listing: lists
      ? {
        digested: (_, path, digest) => listed.push(`${path} ${digest[0]}`),
        linked() {},
        copied() {},
        lost() {},
        unlisted: (_, path) => listed.push(`${path} none`),
      }
      : undefined,
    send() {},
    sendLarge() {},
    notSkipped() {},
    isVerified: () => false,
    failed: ({ message }) => failed.push(message),
    note: (message) => notes.push(message),
  });
  const files = new LargeFiles({
    send: (message) => sent.push(message),
    note: (message) => notes.push(message),
    sent: (file) => digests.sent(file),
    done() {},
    kept() {},
    matched() {},
    reused() {},
    request: () => 0,
    failed: ({ message }) => failed.push(message),
  }, { streams: 1, blockBytes: MIB, resume: true, digests: lists, ...options });
  files.announce(item);
  const open = (file: number) => {
    const whole = { start: 0, end: SIZE };
    files.opened({
      ...{ type: "opened", file, sequential: false },
      ...(kept ? { missing: [], kept: [{ ...whole, crc32: 5 }] } : { missing: [whole] }),
    });
  };
  open(0);
  return {
    ...{ files, digests, sent, notes, failed, listed, units, open },
    next: () => files.next(0) as RangeUnit | undefined,
    /** Reports a range that was sent. */
    report(range: RangeUnit, more: { change?: number; whole?: { crc32: number } } = {}) {
      const { unit, file, start, end } = range;
      const changed = more.change === undefined ? undefined : { path: "/f", change: more.change };
      const whole = more.whole && { ...more.whole, digest: DIGEST };
      files.report({ type: "range", unit, file, start, end, crc32: 0, changed, whole }, range);
    },
  };
}

describe("the digest of a large file", () => {
  it("is computed with the last range, and counts if its CRC-32 is that of the ranges", () => {
    for (const isSame of [true, false]) {
      const work = opened({ lists: true });
      const ranges: RangeUnit[] = [];
      for (let range = work.next(); range; range = work.next()) ranges.push(range);
      assertEquals(ranges.map(({ digests }) => digests), ranges.map((_, index) => index === ranges.length - 1));
      ranges.forEach((range) => work.report(range, range.digests ? { whole: { crc32: isSame ? 0 : 1 } } : {}));
      assertEquals([work.listed, work.units.length], isSame ? [["f 7"], 0] : [[], 1]);
      if (isSame) continue;
      // The file is read again, because it may have changed during the digest and still contain the bytes sent.
      const { unit, file, sha256 } = work.units[0];
      assertEquals([file?.path, file?.size, sha256], ["f", SIZE, true]);
      work.digests.answered({ type: "digest", unit, sums: [{ crc32: 1, digest: DIGEST, change: FileChange.none }] });
      assertEquals(work.listed, ["f none"]);
      assertEquals(work.failed, ['Cannot list the digest of "f": the source changed while it was copied']);
    }
  });

  it("is computed again if the stream with the last range broke", () => {
    const work = opened({ lists: true });
    const ranges = [work.next()!, work.next()!, work.next()!];
    assertEquals(ranges.map(({ digests }) => digests), [false, false, true]);
    work.files.takeBack(ranges[2]);
    assertEquals(work.next()?.digests, true);
  });

  it("is computed for a file that an earlier run has sent completely, if it still has these contents", () => {
    for (const crc32 of [5, 6]) {
      const work = opened({ lists: true, kept: true });
      assertEquals(work.next(), undefined);
      const [{ unit }] = work.units;
      work.digests.answered({ type: "digest", unit, sums: [{ crc32, digest: DIGEST, change: FileChange.certain }] });
      assertEquals([work.listed, work.failed.length], crc32 === 5 ? [["f 7"], 0] : [["f none"], 1]);
    }
  });

  it("causes a changed local copy to be sent again as contents", () => {
    for (const change of [FileChange.perhaps, FileChange.certain]) {
      const work = opened({ lists: true, offersLocalCopy: true });
      for (let range = work.next(); range; range = work.next()) {
        assertEquals(range.stored, false);
        work.report(range, { change, whole: { crc32: 9 } });
      }
      assertEquals(work.sent.map(({ type }) => type), ["open", "drop", "open"]);
      assertEquals(work.listed, []);
      work.open(1);
      for (let range = work.next(); range; range = work.next()) {
        assertEquals(range.stored, true);
        work.report(range, { change, whole: { crc32: 0 } });
      }
      assertEquals([work.sent.at(-1)!.type, work.listed], ["close", ["f 7"]]);
      assertEquals(work.notes.length, change === FileChange.certain ? 1 : 0);
    }
  });

  it("prevents a local copy of a file that changed a moment ago, because another change might not show", () => {
    const now = 1_700_000_000_000;
    using _ = stub(Date, "now", () => now);
    for (const [at, isFresh] of [[now - 60, true], [now - 3_600_000, false]] as const) {
      const item = { ...ITEM, times: { ...TIMES, ctime: Math.floor(at / 1000), ctimeNs: (at % 1000) * 1e6 } };
      assertEquals(opened({ lists: true, offersLocalCopy: true, item }).next()?.stored, isFresh);
      assertEquals(opened({ lists: false, offersLocalCopy: true, item }).next()?.stored, false);
    }
  });
});

describe("a large file whose ctime alone changed", () => {
  it("is read again, with a note only if its contents differ", () => {
    for (const crc32 of [0, 1]) {
      const work = opened({});
      for (let range = work.next(); range; range = work.next()) work.report(range, { change: FileChange.perhaps });
      const [{ unit, sha256 }] = work.units;
      assertEquals([sha256, work.notes], [false, []]);
      work.digests.answered({ type: "digest", unit, sums: [{ crc32, change: FileChange.none }] });
      assertEquals(work.notes, crc32 === 0 ? [] : ['"/f" changed while it was copied']);
    }
  });

  it("has a note if it was copied locally, because it has no CRC-32", () => {
    const work = opened({ offersLocalCopy: true });
    for (let range = work.next(); range; range = work.next()) work.report(range, { change: FileChange.perhaps });
    assertEquals([work.units, work.notes], [[], ['"/f" may have changed while it was copied']]);
  });
});
