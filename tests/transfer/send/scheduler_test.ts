import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError } from "../../../src/errors.ts";
import { loadFileEngine } from "../../../src/files/load_engine.ts";
import { resolveSources } from "../../../src/files/walk/source_roots.ts";
import { combineCrc32 } from "../../../src/protocol/crc32.ts";
import { decodeName } from "../../../src/protocol/names.ts";
import type { ByteRange } from "../../../src/protocol/data/range_sums.ts";
import { RecordCursor, RecordType } from "../../../src/protocol/data/records.ts";
import type { Message, MessageOf } from "../../../src/protocol/control/messages.ts";
import { type Failure, mustBeAnnounced } from "../../../src/protocol/failure.ts";
import { ComparePhase, CompareResult } from "../../../src/protocol/data/compare.ts";
import type { CompareUnit, PackUnit, RangeUnit, WorkUnit } from "../../../src/streams/unit.ts";
import { Scheduler } from "../../../src/transfer/send/scheduler.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

const MIB = 1 << 20;
const LARGE = { sources: ["large"] };

/** A scheduler over a real tree, and its messages. */
async function scheduleTree(
  entries: Parameters<typeof createTempTree>[0],
  { streams = 2, sparse = false, sources = ["."], resume = false, pieces = false, ageMs = 10_000 } = {},
) {
  const tree = await createTempTree(entries);
  const then = new Date(Date.now() - ageMs);
  for (const name of Object.keys(entries ?? {})) await Deno.utime(`${tree.path}/${name}`, then, then);
  const { engine } = await loadFileEngine("portable");
  const options = { base: tree.path, tilde: false, recursive: true };
  const { roots } = resolveSources(sources, options, engine.paths);
  const sent: Message[] = [];
  const failed: [Failure, string][] = [];
  const notes: string[] = [];
  const scheduler = new Scheduler(engine.walk(roots, { recursive: true, hardlinks: true }), {
    send: (message) => sent.push(message),
    failed: (failure, side) => failed.push([failure, side]),
    note: (message) => notes.push(message),
    rootName: () => ".",
    planned: () => {},
  }, { streams, blockBytes: MIB, sparse, resume, pieces });
  return {
    scheduler,
    path: tree.path,
    failed,
    notes,
    /** Returns the messages of a type since the last call. */
    take<T extends Message["type"]>(type: T): MessageOf<T>[] {
      return sent.splice(0).filter((message): message is MessageOf<T> => message.type === type);
    },
    async [Symbol.asyncDispose]() {
      scheduler.close();
      await tree[Symbol.asyncDispose]();
    },
  };
}

/** Reports success of a unit. */
function confirm(scheduler: Scheduler, unit: WorkUnit | undefined): void {
  if (unit?.type === "pack") {
    const { records } = unit;
    scheduler.report({
      type: "pack",
      unit: unit.unit,
      files: records,
      bytes: 0,
      failures: [],
      refused: [],
      grown: [],
      notes: [],
      inPlace: new Uint8Array(records).fill(1),
    });
  } else {
    const { file, start, end } = unit as RangeUnit;
    scheduler.report({ type: "range", unit: unit!.unit, file, start, end, crc32: 0 });
  }
}

/** Reports that the receiver could write nothing of a unit, with one failure. */
function refuse(scheduler: Scheduler, { unit, records }: PackUnit, failure: Pick<Failure, "code" | "message">): void {
  scheduler.report({
    type: "pack",
    unit,
    files: 0,
    bytes: 0,
    failures: [],
    refused: [{ path: "", hint: "", ...failure }],
    grown: [],
    notes: [],
    inPlace: new Uint8Array(records),
  });
}

function recordsOf({ plan }: PackUnit): { type: number; name: string }[] {
  const cursor = new RecordCursor(plan, 0, plan.length, { plan: true });
  const records = [];
  while (cursor.next()) {
    records.push({ type: cursor.type, name: decodeName(plan.subarray(cursor.nameStart, cursor.nameEnd)) });
  }
  return records;
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  // After a turn of the event loop, nothing is pending that needs no report.
  const turn = new Promise((resolve) => setTimeout(resolve, 0, pending));
  return await Promise.race([promise, turn]) === pending;
}

describe("Scheduler", () => {
  it("gives units to streams until all are confirmed", async () => {
    await using work = await scheduleTree({ "a": "1", "b": "2" });
    const unit = await work.scheduler.next(0);
    assertEquals(unit?.type, "pack");
    const waiting = work.scheduler.next(1);
    assert(await isPending(waiting), "the other stream was let go while something may come back");
    confirm(work.scheduler, unit);
    assertEquals([await waiting, await work.scheduler.next(0), work.scheduler.finished], [undefined, undefined, true]);
  });

  for (const code of ["ENOSPC", "EDQUOT", "EROFS"]) {
    it(`sends nothing else after ${code} of the target, and ends`, async () => {
      const files = Array.from({ length: 1_100 }, (_, file) => [`${file}`, ""]);
      await using work = await scheduleTree(Object.fromEntries(files));
      const { scheduler, failed, notes } = work;
      const first = await scheduler.next(0) as PackUnit;
      const second = await scheduler.next(1) as PackUnit;
      refuse(scheduler, first, { code, message: 'Cannot write "0": full' });
      assertEquals([scheduler.stopped, scheduler.finished, notes.length], [true, false, 1]);
      // Units in progress end as usual.
      confirm(scheduler, second);
      assertEquals([await scheduler.next(0), await scheduler.next(1), scheduler.finished], [
        undefined,
        undefined,
        true,
      ]);
      assertEquals([failed.length, scheduler.done.files, scheduler.totals().complete], [1, second.records, false]);
    });
  }

  it("continues after other failures of the target, and after the limit of extended attributes", async () => {
    await using work = await scheduleTree({ "a": "1" });
    const unit = await work.scheduler.next(0) as PackUnit;
    refuse(work.scheduler, unit, { code: "EACCES", message: 'Cannot write "a": Permission denied' });
    assertEquals(work.scheduler.stopped, false);
    await using other = await scheduleTree({ "a": "1", "large": { size: 3 * MIB } });
    const small = await other.scheduler.next(0) as PackUnit;
    const message = 'Cannot set extended attributes of "a": No space left on device';
    refuse(other.scheduler, small, { code: "ENOSPC", message });
    assertEquals(other.scheduler.stopped, false);
  });

  it("does not report an early stop if the last file finds the target full", async () => {
    await using work = await scheduleTree({ "a": "1" });
    await work.scheduler.lookAhead({ files: 10 });
    const unit = await work.scheduler.next(0) as PackUnit;
    refuse(work.scheduler, unit, { code: "ENOSPC", message: 'Cannot write "a": No space left on device' });
    assertEquals([work.scheduler.stopped, work.scheduler.finished, work.notes], [false, true, []]);
  });

  it("drops an entry that the walk returns while the target is found full", async () => {
    const files = Array.from({ length: 600 }, (_, file) => [`${file}`, ""]);
    await using work = await scheduleTree(Object.fromEntries(files));
    const { scheduler } = work;
    await scheduler.lookAhead({ files: 1_000 });
    const first = await scheduler.next(0) as PackUnit;
    const next = scheduler.next(1);
    refuse(scheduler, first, { code: "ENOSPC", message: 'Cannot write "0": No space left on device' });
    assertEquals([await next, scheduler.finished], [undefined, true]);
    assertEquals([scheduler.stopped, work.notes.length], [true, 1]);
  });

  it("sends wrong files again although the target is full", async () => {
    const files = Array.from({ length: 1_100 }, (_, file) => [`${file}`, ""]);
    await using work = await scheduleTree(Object.fromEntries(files));
    const { scheduler } = work;
    await scheduler.verify();
    const [written, refused] = [await scheduler.next(0) as PackUnit, await scheduler.next(1) as PackUnit];
    confirm(scheduler, written);
    const answer = (unit: CompareUnit, outcome: number) =>
      scheduler.report({ type: "compare", unit: unit.unit, outcomes: Array(unit.records).fill(outcome) });
    answer(await scheduler.next(0) as CompareUnit, CompareResult.different);
    refuse(scheduler, refused, { code: "ENOSPC", message: 'Cannot write "1": No space left on device' });
    const again = await scheduler.next(0) as PackUnit;
    assertEquals([again?.type, again?.records], ["pack", written.records]);
    confirm(scheduler, again);
    answer(await scheduler.next(0) as CompareUnit, CompareResult.same);
    assertEquals([await scheduler.next(0), scheduler.finished, scheduler.stopped], [undefined, true, true]);
    const sent = recordsOf(written).filter(({ type }) => type === RecordType.file);
    assertEquals([scheduler.verified, work.failed.length], [sent.length, 1]);
  });

  it("sends large files in pieces while other work follows, and announces the last one", async () => {
    const entries = { a: { size: 2 * MIB }, b: { size: 3 * MIB }, c: { size: 2 * MIB } };
    await using tree = await scheduleTree(entries, { sources: ["a", "b", "c"], pieces: true });
    const { scheduler } = tree;
    await scheduler.lookAhead({ files: 10 });
    const units = [await scheduler.next(0), await scheduler.next(1)] as PackUnit[];
    assertEquals(units.map(({ type, file }) => [type, file?.size]), [["pack", 2 * MIB], ["pack", 3 * MIB]]);
    const waiting = scheduler.next(0);
    for (const unit of units) confirm(scheduler, unit);
    // The walk has no other file, so all streams share the last one.
    assertEquals(await isPending(waiting), true);
    const [{ file, size }] = tree.take("open");
    assertEquals(size, 2 * MIB);
    scheduler.answer({ type: "opened", file, missing: [{ start: 0, end: size }], sequential: false });
    const range = await waiting as RangeUnit;
    assertEquals(range.type, "range");
  });

  it("announces a file that the receiver cannot write in pieces", async () => {
    const entries = { a: { size: 2 * MIB }, b: { size: 2 * MIB } };
    await using tree = await scheduleTree(entries, { sources: ["a", "b"], pieces: true });
    const unit = await tree.scheduler.next(0) as PackUnit;
    const others = tree.scheduler.next(1);
    refuse(tree.scheduler, unit, mustBeAnnounced());
    const waiting = tree.scheduler.next(0);
    assertEquals(await isPending(waiting), true);
    assertEquals(tree.take("open")[0].root, unit.file!.root);
    assertEquals([tree.scheduler.failed, tree.failed], [0, []]);
    tree.scheduler.close();
    await Promise.all([others, waiting]);
    // Only if the sender has asked for it.
    await using other = await scheduleTree({ a: "small", b: "small" }, { sources: ["a", "b"], pieces: true });
    refuse(other.scheduler, await other.scheduler.next(0) as PackUnit, mustBeAnnounced());
    assertEquals(other.failed.length, 1);
  });

  it("announces files that are too large for pieces, or that the receiver wants announced", async () => {
    const cases = [
      { pieces: false },
      { pieces: true, size: 4 * MIB },
    ];
    for (const { size = 2 * MIB, ...options } of cases) {
      const sources = ["a", "b", "c"];
      await using tree = await scheduleTree({ a: { size }, b: { size }, c: { size } }, { sources, ...options });
      const waiting = tree.scheduler.next(0);
      assertEquals(await isPending(waiting), true);
      assertEquals(new Set(tree.take("open").map(({ size }) => size)), new Set([size]));
      tree.scheduler.close();
      assertEquals(await waiting, undefined);
    }
  });

  it("counts ahead of the walk until the walk has ended", async () => {
    await using work = await scheduleTree({ "a": "1", "b": "22" });
    const counted = { files: 9, bytes: 99, complete: true };
    assertEquals(work.scheduler.totals(counted), counted);
    assertEquals(work.scheduler.totals({ ...counted, complete: false }).complete, false);
    await work.scheduler.lookAhead({ files: 10 });
    assertEquals(work.scheduler.totals(counted), { files: 2, bytes: 3, complete: true });
  });

  it("names a large file in progress", async () => {
    await using work = await scheduleTree({ "large": { size: 3 * MIB } });
    const directory = await work.scheduler.next(0);
    const waiting = work.scheduler.next(1);
    assert(await isPending(waiting));
    assertEquals(work.scheduler.current, "large");
    const [{ file }] = work.take("open");
    const failure = { code: "EACCES", path: "large", message: "x", hint: "" };
    work.scheduler.answer({ type: "unopened", file, failure });
    confirm(work.scheduler, directory);
    assertEquals([await waiting, work.scheduler.current], [undefined, undefined]);
  });

  it("requeues the units of a broken stream, which gets no more", async () => {
    await using work = await scheduleTree({ "a": "1" });
    const first = await work.scheduler.next(0) as PackUnit;
    const waiting = [work.scheduler.next(0), work.scheduler.next(1)];
    work.scheduler.streamBroke(0);
    const [dead, again] = await Promise.all(waiting);
    assertEquals(dead, undefined);
    assertEquals(again, { ...first, attempt: 1 });
    confirm(work.scheduler, { ...first });
    assertEquals(await work.scheduler.next(1), undefined);
  });

  it("cuts a large file into ranges of whole blocks when the receiver has opened it", async () => {
    await using work = await scheduleTree({ "large": { size: 40 * MIB + 5 } }, LARGE);
    const [one, two] = [work.scheduler.next(0), work.scheduler.next(1)];
    assertEquals(await isPending(Promise.race([one, two])), true, "a range before the file was opened");
    const [open] = work.take("open");
    assertEquals([open.path, open.size], ["", 40 * MIB + 5]);
    const missing = [{ start: 0, end: open.size }];
    work.scheduler.answer({ type: "opened", file: open.file, missing, sequential: false });
    const ranges = [await one, await two] as RangeUnit[];
    while (ranges.every(({ end }) => end < open.size)) ranges.push(await work.scheduler.next(0) as RangeUnit);
    ranges.sort((a, b) => a.start - b.start);
    let at = 0;
    for (const { start, end } of ranges) {
      assertEquals([start, start % MIB], [at, 0]);
      assert(end - start <= 32 * MIB && (end - start >= 4 * MIB || end === open.size));
      at = end;
    }
    for (const range of ranges) confirm(work.scheduler, range);
    const [close] = work.take("close");
    assertEquals([close.file, close.size], [open.file, open.size]);
    work.scheduler.answer({ type: "closed", file: open.file, bytes: open.size, crc32: close.crc32 });
    assertEquals(await work.scheduler.next(0), undefined);
    assertEquals(work.scheduler.done, { files: 1, bytes: open.size });
  });

  it("spreads streams over open files, and begins no more files than streams", async () => {
    const size = 16 * MIB;
    await using work = await scheduleTree({ "a": { size }, "b": { size }, "c": { size } }, {
      sources: ["a", "b", "c"],
    });
    const first = work.scheduler.next(0);
    await isPending(first);
    for (const { file } of work.take("open")) {
      work.scheduler.answer({ type: "opened", file, missing: [{ start: 0, end: size }], sequential: false });
    }
    let [one, two] = [await first, await work.scheduler.next(1)] as RangeUnit[];
    const taken = [one.file, two.file];
    assert(one.file !== two.file, "both streams have the same file");
    while (one.end < size) {
      confirm(work.scheduler, one);
      one = await work.scheduler.next(0) as RangeUnit;
      confirm(work.scheduler, two);
      two = await work.scheduler.next(1) as RangeUnit;
      assertEquals([one.file, two.file], taken);
    }
  });

  it("cuts a sparse file of any size into few ranges", async () => {
    const size = 8 * 1024 * 1024 * MIB + 1;
    await using work = await scheduleTree({ "large": { sparseSize: size } }, { ...LARGE, sparse: true });
    const next = work.scheduler.next(0);
    await isPending(next);
    const [{ file }] = work.take("open");
    work.scheduler.answer({ type: "opened", file, missing: [{ start: 0, end: size }], sequential: false });
    const { start, end } = await next as RangeUnit;
    assertEquals(start, 0);
    assert(end % MIB === 0 && size / end <= 4096 && size / end > 1024);
  });

  it("accepts a file only if the receiver confirms size and checksum", async () => {
    for (const [bytes, crc32] of [[5 * MIB - 1, 0], [5 * MIB, 1]]) {
      await using work = await scheduleTree({ "large": { size: 5 * MIB } }, LARGE);
      const next = work.scheduler.next(0);
      await isPending(next);
      const [{ file }] = work.take("open");
      work.scheduler.answer({ type: "opened", file, missing: [{ start: 0, end: 5 * MIB }], sequential: true });
      confirm(work.scheduler, await next);
      const [close] = work.take("close");
      work.scheduler.answer({ type: "closed", file, bytes, crc32: close.crc32 ^ crc32 });
      assertEquals(work.scheduler.done, { files: 0, bytes: 0 });
      assertEquals(work.failed.map(([{ code }, side]) => [code, side]), [["ECHECKSUM", "sender"]]);
    }
  });

  it("reports the first failure of a file with its end, and drops the file", async () => {
    await using work = await scheduleTree({ "large": { size: 12 * MIB } }, LARGE);
    const waiting = [work.scheduler.next(0), work.scheduler.next(1)];
    await isPending(waiting[0]);
    const [{ file }] = work.take("open");
    work.scheduler.answer({ type: "opened", file, missing: [{ start: 0, end: 12 * MIB }], sequential: false });
    const [one, two] = await Promise.all(waiting) as RangeUnit[];
    const failure = { code: "ENOSPC", path: "/t/large", message: "No space left on device", hint: "" };
    work.scheduler.report({ ...one, type: "range", crc32: 0, failure, refused: true });
    assertEquals(work.take("drop"), [], "dropped while a stream has a part of it");
    work.scheduler.report({ ...two, type: "range", crc32: 0, failure: { ...failure, code: "EIO" } });
    assertEquals(work.take("drop"), [{ type: "drop", file }]);
    assertEquals(work.failed, [[failure, "receiver"]]);
    assertEquals(await work.scheduler.next(0), undefined);
  });

  it("sends hard links after everything else is in place", async () => {
    await using work = await scheduleTree({ "a": "once", "b": { hardLink: "a" }, "c": "2" });
    const first = await work.scheduler.next(0);
    const second = work.scheduler.next(1);
    assert(await isPending(second), "links before the files that they lead to");
    confirm(work.scheduler, first);
    const links = await second;
    assertEquals(links?.type, "pack");
    confirm(work.scheduler, links);
    assertEquals(await work.scheduler.next(0), undefined);
  });

  it("sends no hard links to files that failed verification", async () => {
    for (const wrongTimes of [0, 1, 2]) {
      await using work = await scheduleTree({ "a": "once", "b": { hardLink: "a" } });
      await work.scheduler.verify();
      const links: string[][] = [];
      let wrong = 0;
      for (let unit; (unit = await work.scheduler.next(0));) {
        if (unit.type === "compare") {
          const isWrong = unit.phase === ComparePhase.stat && links.length === 0 && wrong < wrongTimes;
          if (isWrong) wrong++;
          const verdict = isWrong ? CompareResult.different : CompareResult.same;
          work.scheduler.report({ type: "compare", unit: unit.unit, outcomes: Array(unit.records).fill(verdict) });
        } else {
          const of = recordsOf(unit as PackUnit).filter(({ type }) => type === RecordType.hardlink);
          if (of.length > 0) links.push(of.map(({ name }) => name));
          confirm(work.scheduler, unit);
        }
      }
      const isLost = wrongTimes === 2;
      assertEquals(links.length, isLost ? 0 : 1);
      const told = work.failed.map(([{ message }]) => message).filter((message) => message.includes("link"));
      assertEquals(told.length, isLost ? 1 : 0);
      if (isLost) assertMatch(told[0], /^Cannot link "[ab]" to "[ab]": the first name was not copied$/);
      assertEquals(work.scheduler.finished, true);
    }
  });

  it("sends no hard links to files that failed", async () => {
    for (const [place, isSent] of [[0, false], [1, true], [2, true]] as const) {
      await using work = await scheduleTree({ "a": "once", "b": { hardLink: "a" } });
      const pack = await work.scheduler.next(0) as PackUnit;
      const failure = { code: "EIO", path: "/a", message: "Cannot read it", hint: "" };
      const inPlace = Uint8Array.from(recordsOf(pack), ({ type }) => type === RecordType.file ? place : 1);
      const counts = { files: 0, bytes: 0, grown: [], notes: [] };
      work.scheduler.report({ type: "pack", unit: pack.unit, ...counts, failures: [failure], refused: [], inPlace });
      const links = await work.scheduler.next(0);
      assertEquals(links?.type, isSent ? "pack" : undefined);
      assertEquals(work.failed.length, isSent ? 1 : 2);
    }
  });

  it("sends only the missing ranges of a file, and closes it with the checksum of the whole", async () => {
    await using work = await scheduleTree({ "large": { size: 12 * MIB } }, { ...LARGE, resume: true });
    const next = work.scheduler.next(0);
    await isPending(next);
    const [{ file, identity }] = work.take("open");
    assertMatch(identity!, /^\d+:\d+:\d+\.\d+$/);
    const kept = [{ start: 0, end: 4 * MIB, crc32: 7 }, { start: 6 * MIB, end: 12 * MIB, crc32: 9 }];
    const missing = [{ start: 4 * MIB, end: 6 * MIB }];
    work.scheduler.answer({ type: "opened", file, missing, kept, sequential: false });
    const unit = await next as RangeUnit;
    assertEquals([unit.start, unit.end, work.scheduler.kept], [4 * MIB, 6 * MIB, 10 * MIB]);
    confirm(work.scheduler, unit);
    const [{ crc32 }] = work.take("close");
    assertEquals(crc32, combineCrc32(combineCrc32(7, 0, 2 * MIB), 9, 6 * MIB));
  });

  it("counts matched bytes of a file, at most the missing ones", async () => {
    for (
      const [resume, found, refused] of [[true, 8 * MIB, false], [true, 8 * MIB + 1, true], [false, 1, true]] as const
    ) {
      await using work = await scheduleTree({ "large": { size: 12 * MIB } }, { ...LARGE, resume });
      const waiting = [work.scheduler.next(0), work.scheduler.next(1)];
      await isPending(waiting[0]);
      const [{ file, size }] = work.take("open");
      const kept = [{ start: 0, end: 4 * MIB, crc32: 7 }];
      const opened = resume
        ? { missing: [{ start: 4 * MIB, end: size }], kept }
        : { missing: [{ start: 0, end: size }] };
      work.scheduler.answer({ type: "opened", file, ...opened, sequential: false });
      const units = await Promise.all(waiting) as RangeUnit[];
      while (units.every(({ end }) => end < size)) units.push(await work.scheduler.next(0) as RangeUnit);
      units.forEach((unit) => confirm(work.scheduler, unit));
      const [{ crc32 }] = work.take("close");
      const answer = () => work.scheduler.answer({ type: "closed", file, bytes: size, crc32, found });
      if (refused) assertThrows(answer, ProtocolError, "the ranges");
      else {
        answer();
        // Streams count it as written. Together with the kept bytes it is the whole file.
        assertEquals([work.scheduler.kept, work.scheduler.matched], [4 * MIB, 8 * MIB]);
      }
    }
  });

  it("closes a file without missing ranges at once", async () => {
    await using work = await scheduleTree({ "large": { size: 5 * MIB } }, { ...LARGE, resume: true });
    const next = work.scheduler.next(0);
    await isPending(next);
    const [{ file }] = work.take("open");
    const kept = [{ start: 0, end: 5 * MIB, crc32: 7 }];
    work.scheduler.answer({ type: "opened", file, missing: [], kept, sequential: false });
    assertEquals(work.take("close"), [{ type: "close", file, size: 5 * MIB, crc32: 7 }]);
    work.scheduler.answer({ type: "closed", file, bytes: 5 * MIB, crc32: 7 });
    assertEquals([await next, work.scheduler.done], [undefined, { files: 1, bytes: 5 * MIB }]);
  });

  it("sends no identity of a file that was written a moment ago", async () => {
    await using work = await scheduleTree({ "large": { size: 5 * MIB } }, { ...LARGE, resume: true, ageMs: -60 });
    await isPending(work.scheduler.next(0));
    assertEquals(work.take("open")[0].identity, undefined);
  });

  it("refuses kept ranges that overlap missing ones, or of a file without an identity", async () => {
    const whole = { start: 0, end: 5 * MIB };
    const cases: [ByteRange[], ByteRange[], boolean][] = [
      [[], [whole], false],
      [[whole], [whole], true],
      [[{ start: 0, end: MIB }], [{ start: 2 * MIB, end: 5 * MIB }], true],
      [[{ start: 0, end: 3 * MIB }], [{ start: 2 * MIB, end: 5 * MIB }], true],
      [[{ start: MIB, end: 5 * MIB }], [{ start: 0, end: MIB }, { start: 5 * MIB, end: 5 * MIB }], true],
    ];
    for (const [missing, ranges, resume] of cases) {
      await using work = await scheduleTree({ "large": { size: 5 * MIB } }, { ...LARGE, resume });
      await isPending(work.scheduler.next(0));
      const [{ file }] = work.take("open");
      const kept = ranges.map((range) => ({ ...range, crc32: 0 }));
      assertThrows(
        () => work.scheduler.answer({ type: "opened", file, missing, kept, sequential: false }),
        ProtocolError,
      );
    }
  });

  it("refuses ranges that are not the whole file", async () => {
    for (const missing of [[], [{ start: 1, end: 5 * MIB }], [{ start: 0, end: 4 }], [{ start: 0, end: 6 * MIB }]]) {
      await using work = await scheduleTree({ "large": { size: 5 * MIB } }, LARGE);
      const next = work.scheduler.next(0);
      await isPending(next);
      const [{ file }] = work.take("open");
      assertThrows(() => work.scheduler.answer({ type: "opened", file, missing, sequential: false }), ProtocolError);
    }
  });

  describe("with a comparison", () => {
    /** Answers every compare unit with one result for each record. Returns all units. */
    async function answerAll(scheduler: Scheduler, verdictOf: (unit: CompareUnit) => number): Promise<WorkUnit[]> {
      const units: WorkUnit[] = [];
      for (let unit = await scheduler.next(0); unit; unit = await scheduler.next(0)) {
        units.push(unit);
        if (unit.type !== "compare") confirm(scheduler, unit);
        else {
          const outcomes = Array(unit.records).fill(verdictOf(unit));
          scheduler.report({ type: "compare", unit: unit.unit, outcomes });
        }
      }
      return units;
    }
    const UPDATE = { by: "times", dryRun: false } as const;

    it("compares in batches, and sends no entry that is the same", async () => {
      await using work = await scheduleTree({});
      for (let directory = 0; directory < 20; directory++) {
        Deno.mkdirSync(`${work.path}/${directory}`);
        for (let file = 0; file < 1000; file++) Deno.writeTextFileSync(`${work.path}/${directory}/${file}`, "");
        for (let file = 0; file < 10; file++) {
          using large = Deno.openSync(`${work.path}/${directory}/large${file}`, { write: true, create: true });
          large.truncateSync(2 * MIB);
        }
      }
      await work.scheduler.compareFirst(UPDATE);
      const units = await answerAll(work.scheduler, () => CompareResult.same);
      assert(units.length < 50, `${units.length} units`);
      assert(units.every(({ type }) => type === "compare"));
      assertEquals(work.take("open"), []);
      assertEquals(work.scheduler.skipped, { files: 20_200, counted: 20_200, bytes: 400 * MIB });
      assertEquals(work.scheduler.totals(), { files: 0, bytes: 0, complete: true });
      assertEquals(work.scheduler.finished, true);
    });

    it("compares a large file range by range, and sends it when one differs", async () => {
      const size = 100 * MIB;
      for (const differs of [false, true]) {
        await using work = await scheduleTree({ large: { sparseSize: size } }, LARGE);
        await work.scheduler.compareFirst({ by: "contents", dryRun: false });
        const ranges: (number | undefined)[][] = [];
        const next = async () => (await work.scheduler.next(0)) as CompareUnit;
        const answer = (unit: CompareUnit, verdict: number) =>
          work.scheduler.report({ type: "compare", unit: unit.unit, outcomes: [verdict] });
        answer(await next(), CompareResult.undecided);
        const asked = [await next(), await next(), await next()];
        for (const { phase, range } of asked) ranges.push([phase, range?.start, range?.end]);
        assertEquals(ranges, [0, 32, 64].map((at) => [ComparePhase.digest, at * MIB, (at + 32) * MIB]));
        asked.reverse();
        answer(asked.pop()!, differs ? CompareResult.different : CompareResult.same);
        if (differs) {
          const waiting = work.scheduler.next(0);
          assert(await isPending(waiting), "more of a file that differs was asked for");
          asked.forEach((unit) => answer(unit, CompareResult.same));
          assertEquals(work.take("open").length, 1);
          work.scheduler.close();
          await waiting;
        } else {
          const last = await next();
          assertEquals([last.range?.start, last.range?.end], [96 * MIB, size]);
          [...asked, last].forEach((unit) => answer(unit, CompareResult.same));
          const settle = await next();
          assertEquals([settle.phase, settle.range], [ComparePhase.finalize, undefined]);
          answer(settle, CompareResult.same);
          assertEquals([await work.scheduler.next(0), work.scheduler.skipped.bytes], [undefined, size]);
        }
      }
    });

    it("requeues the compare units of a broken stream", async () => {
      await using work = await scheduleTree({ "a": "1" });
      await work.scheduler.compareFirst(UPDATE);
      const [first] = [await work.scheduler.next(0)];
      work.scheduler.streamBroke(0);
      const again = await work.scheduler.next(1) as CompareUnit;
      assertEquals([again.unit, again.attempt], [first!.unit, 1]);
      work.scheduler.report({ type: "compare", unit: again.unit, outcomes: [CompareResult.same, CompareResult.same] });
      assertEquals([await work.scheduler.next(1), work.scheduler.skipped.files], [undefined, 1]);
    });

    it("counts what is the same but sends nothing after the target is full", async () => {
      await using work = await scheduleTree({ "a": "1", "b": "2", "c": { size: 3 * MIB }, "d": { hardLink: "a" } });
      await work.scheduler.compareFirst(UPDATE);
      const small = await work.scheduler.next(0) as CompareUnit;
      const large = await work.scheduler.next(1) as CompareUnit;
      const full: Failure = {
        code: "ENOSPC",
        path: "a",
        message: 'Cannot write "a": No space left on device',
        hint: "",
      };
      work.scheduler.report({
        type: "compare",
        unit: small.unit,
        outcomes: [full, CompareResult.missing, CompareResult.same],
      });
      work.scheduler.report({ type: "compare", unit: large.unit, outcomes: [CompareResult.different] });
      assertEquals([await work.scheduler.next(0), work.scheduler.finished], [undefined, true]);
      assertEquals([work.scheduler.stopped, work.failed.length, work.take("open")], [true, 1, []]);
    });

    it("has stopped early only if an answer after the full target leaves an entry to send", async () => {
      for (const [verdict, isStopped] of [[CompareResult.same, false], [CompareResult.missing, true]] as const) {
        await using work = await scheduleTree({ "a": "1", "large": { size: 3 * MIB } });
        const { scheduler } = work;
        await scheduler.lookAhead({ files: 10 });
        await scheduler.compareFirst(UPDATE);
        const [small, large] = [await scheduler.next(0) as CompareUnit, await scheduler.next(1) as CompareUnit];
        const outcomes = [{
          code: "ENOSPC",
          path: "a",
          message: 'Cannot write "a": No space left on device',
          hint: "",
        }];
        scheduler.report({ type: "compare", unit: small.unit, outcomes });
        scheduler.report({ type: "compare", unit: large.unit, outcomes: [verdict] });
        assertEquals([await scheduler.next(0), scheduler.finished], [undefined, true]);
        assertEquals([scheduler.stopped, work.notes.length], [isStopped, isStopped ? 1 : 0]);
      }
    });

    it("compares hard links when everything else is in place", async () => {
      await using work = await scheduleTree({ "a": "1", "b": { hardLink: "a" } });
      await work.scheduler.compareFirst(UPDATE);
      const units = await answerAll(work.scheduler, () => CompareResult.different);
      assertEquals(units.map(({ type }) => type), ["compare", "pack", "compare", "pack"]);
    });
  });
});
