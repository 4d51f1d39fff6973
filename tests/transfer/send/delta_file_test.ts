import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { PlannedRange, Segment } from "../../../src/delta/segments.ts";
import { digestsBytesOf, MAX_COARSE_BYTES, MAX_SIGNED_BYTES } from "../../../src/protocol/data/signature.ts";
import type { RangedItem, ScanUnit } from "../../../src/streams/unit.ts";
import { coarseBytesOf, DeltaFile, type DeltaRequest } from "../../../src/transfer/send/delta/delta_file.ts";

const MIB = 1 << 20;
const PART = 32 * MIB;
const ATTRIBUTES = { mode: 0o644, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };
const ITEM: Omit<RangedItem, "size"> = {
  ...{ type: "ranged", root: 0, path: "f", attributes: ATTRIBUTES, identity: { dev: 1, inode: 2 } },
  times: { mtime: 0, mtimeNs: 0, ctime: 0, ctimeNs: 0 },
};

/** Plans a file of some parts, and collects its requests and ranges. */
function planned(
  { parts = 4, oldParts = parts, oldBytes = oldParts * PART, isWholeFaster = false }: {
    parts?: number;
    oldParts?: number;
    oldBytes?: number;
    isWholeFaster?: boolean;
  },
) {
  const requests: DeltaRequest[] = [];
  const ranges: PlannedRange[] = [];
  const size = parts * PART;
  const old = { size: oldBytes, key: new Uint8Array(16) };
  const file = new DeltaFile(0, { ...ITEM, size }, [{ start: 0, end: size }], old, {
    request: (unit) => requests.push(unit) - 1,
    planned: (range) => ranges.push(range),
    isWholeFaster: () => isWholeFaster,
    maxParts: 2,
  });
  file.start();
  let next = 0;
  return {
    ...{ file, requests, ranges },
    /** Answers all requests, also those that follow. */
    answer(options: { find?: (unit: Omit<ScanUnit, "unit" | "attempt">) => Segment[]; hasDigests?: boolean } = {}) {
      const { find = copyAll, hasDigests = true } = options;
      for (; next < requests.length; next++) {
        const unit = requests[next];
        if (unit.type === "scan") file.report({ type: "scan", unit: next, segments: find(unit) });
        else {
          const digests = hasDigests ? new Uint8Array(digestsBytesOf(unit)) : undefined;
          file.report({ type: "signature", unit: next, digests });
        }
        // A range is sent at once.
        if (ranges.length > 0) file.sent();
      }
    },
  };
}

const copyAll = ({ start, end }: { start: number; end: number }): Segment[] => [{ start, end, old: start, crc32: 0 }];
const total = (ranges: PlannedRange[]) => ranges.reduce((sum, { start, end }) => sum + end - start, 0);

describe("the plan of a delta transfer", () => {
  it("covers the file once, and searches each part once if nothing has moved", () => {
    const plan = planned({ parts: 40 });
    plan.answer();
    assertEquals(total(plan.ranges), 40 * PART);
    assertEquals(plan.requests.filter(({ type }) => type === "scan").length, 40);
    // Parts are searched before all digests have arrived.
    assert(plan.requests.findIndex(({ type }) => type === "scan") < 10);
  });

  it("searches moved parts again when all digests have arrived", () => {
    const plan = planned({ parts: 40 });
    const isFound = ({ inPlace }: { inPlace: boolean }) => !inPlace;
    plan.answer({ find: (unit) => isFound(unit) ? copyAll(unit) : [{ start: unit.start, end: unit.end }] });
    assertEquals(total(plan.ranges), 40 * PART);
    const early = plan.requests.filter((unit) => unit.type === "scan" && unit.inPlace);
    assert(early.length <= 4, `${early.length} parts searched in vain`);
  });

  it("requests small blocks beside changes", () => {
    const plan = planned({});
    plan.answer({
      find: ({ start, end }) => [
        { start, end: start + 16 * MIB, old: start, crc32: 0 },
        { start: start + 16 * MIB, end: start + 17 * MIB },
        { start: start + 17 * MIB, end, old: start + 17 * MIB, crc32: 0 },
      ],
    });
    const fine = plan.requests.flatMap((unit) =>
      unit.type === "signature" && unit.blockBytes === 4096 ? unit.ranges : []
    );
    assertEquals(fine.map(({ start, end }) => [start % PART, end - start]), Array(4).fill([16 * MIB, MIB]));
    assertEquals(plan.ranges.length, 4);
  });

  it("splits requests for small blocks that exceed the limit of a request", () => {
    const plan = planned({});
    // Of each 2.5 MiB of the old file, a quarter of a MiB is left.
    const find = ({ start }: { start: number }): Segment[] =>
      Array.from({ length: 32 }, (_, index) => {
        const at = start + index * MIB;
        const copy = { start: at, end: at + MIB / 4, old: index * 2.5 * MIB, crc32: 0 };
        return [copy, { start: copy.end, end: at + MIB }];
      }).flat();
    plan.answer({ find });
    const sizes = plan.requests.flatMap((unit) =>
      unit.type === "signature" && unit.blockBytes === 4096
        ? unit.ranges.reduce((sum, { start, end }) => sum + end - start, 0)
        : []
    );
    assert(sizes.length > 4 && Math.max(...sizes) <= MAX_SIGNED_BYTES, `${sizes}`);
    assertEquals(total(plan.ranges), 4 * PART);
  });

  it("requests whole blocks of an old file", () => {
    const plan = planned({ oldBytes: 3 * PART + 12_345 });
    plan.answer({ find: ({ start, end }) => [{ start, end }] });
    for (const unit of plan.requests) {
      if (unit.type !== "signature") continue;
      for (const { start, end } of unit.ranges) {
        assertEquals([start % unit.blockBytes, end % unit.blockBytes], [0, 0]);
      }
    }
    assertEquals(total(plan.ranges), 4 * PART);
  });

  it("sends the file whole if the old file has no whole block", () => {
    const plan = planned({ oldBytes: 4095 });
    assertEquals([plan.requests.length, total(plan.ranges)], [0, 4 * PART]);
  });

  it("is planned when nothing is searched any more", () => {
    const plan = planned({});
    assertEquals(plan.file.isPlanned, false);
    plan.answer();
    assertEquals(plan.file.isPlanned, true);
  });

  it("sends the file whole without digests, or if that is faster", () => {
    for (const [isWholeFaster, hasDigests] of [[true, true], [false, false]]) {
      const plan = planned({ isWholeFaster });
      plan.answer({ hasDigests });
      assertEquals(total(plan.ranges), 4 * PART);
      assert(plan.ranges.every(({ segments }) => segments === undefined));
    }
  });

  it("requests digests of at most twice the size of the source", () => {
    const plan = planned({ parts: 2, oldParts: 1000 });
    plan.answer();
    const signed = plan.requests.flatMap((unit) => unit.type === "signature" ? unit.ranges : []);
    assertEquals(Math.max(...signed.map(({ end }) => end)), 4 * PART);
  });

  it("has blocks of about twice the square root of the size", () => {
    assertEquals([4 * MIB, 4096 * MIB, 2 ** 50].map(coarseBytesOf), [8192, 131_072, MAX_COARSE_BYTES]);
  });
});
