/** Records of a run for a report. */

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { TransferEvent } from "../../../src/transfer/events.ts";
import { LostSessions } from "../../../src/transfer/client/lost_sessions.ts";
import { FileTimes } from "../../../src/ui/report/record/file_times.ts";
import { type RunAbout, RunRecorder } from "../../../src/ui/report/record/recorder.ts";
import { UnfinishedFiles } from "../../../src/ui/report/record/unfinished_files.ts";
import { TimeSeries } from "../../../src/ui/report/record/time_series.ts";

describe("TimeSeries", () => {
  it("fills columns that begin or end later with nulls", () => {
    const series = new TimeSeries();
    series.add(0, [["a", 1]]);
    series.add(1, [["a", 2], ["b", 5]]);
    series.addLast(2, [["b", undefined]]);
    assertEquals([series.times, series.column("a"), series.column("b")], [[0, 1, 2], [1, 2, null], [null, 5, null]]);
    assertEquals(series.column("c"), [null, null, null]);
  });

  it("halves its resolution instead of growing", () => {
    const series = new TimeSeries();
    for (let at = 0; at < 100_000; at++) series.add(at, [["a", at]]);
    const { times, stride } = series;
    assert(times.length < 600 && times.length >= 300, `${times.length} rows`);
    assertEquals(times, times.map((_, at) => at * stride));
    assertEquals(series.column("a"), times);
  });
});

describe("FileTimes", () => {
  it("keeps the slowest files, named from their sources on", () => {
    let now = 0;
    const slowest: { path: string; bytes: number; seconds: number }[] = [];
    const times = new FileTimes({ slowest, unfinished: new UnfinishedFiles() }, () => now);
    const message = (fields: object) => times.onMessage(fields as Parameters<typeof times.onMessage>[0]);
    message({ type: "sources", sources: [{ name: "docs" }, { name: "." }] });
    for (let file = 0; file < 30; file++) {
      message({ type: "open", file, root: file % 2, path: `f${file}`, size: 10 });
      now += 1000 * (file + 1);
      message({ type: "closed", file, bytes: 10 });
    }
    message({ type: "open", file: 30, root: 0, path: "dropped", size: 10 });
    now += 1e6;
    message({ type: "drop", file: 30 });
    message({ type: "closed", file: 30, bytes: 10 });
    assertEquals(slowest.length, 20);
    assertEquals(slowest.slice(0, 2), [
      { path: "f29", bytes: 10, seconds: 30 },
      { path: "docs/f28", bytes: 10, seconds: 29 },
    ]);
  });
});

describe("UnfinishedFiles", () => {
  type Message = Parameters<FileTimes["onMessage"]>[0];
  const open = (file: number, path: string) => ({ type: "open", file, root: 0, path, size: 5 }) as Message;
  const closed = (file: number) => ({ type: "closed", file, bytes: 5 }) as Message;
  const drop = (file: number) => ({ type: "drop", file }) as Message;

  /** Plays the messages of sessions of one transfer. */
  function play(unfinished: UnfinishedFiles, ...sessions: Message[][]) {
    for (const messages of sessions) {
      const times = new FileTimes({ slowest: [], unfinished }, () => 0);
      for (const message of messages) times.onMessage(message);
    }
  }

  it("are those that no session of a transfer has completed", () => {
    const unfinished = new UnfinishedFiles();
    const first = [open(0, "done"), open(1, "resumed"), open(2, "failed"), open(3, "begun"), closed(0), drop(2)];
    play(unfinished, first, [open(0, "resumed"), closed(0)]);
    assertEquals(unfinished.report(), { unfinished: [{ path: "begun", bytes: 5 }], unfinishedOmitted: 0 });
  });

  it("exclude those of a transfer with a result, and keep those of a failed one", () => {
    const unfinished = new UnfinishedFiles();
    play(unfinished, [open(0, "a")]);
    unfinished.beginTransfer();
    play(unfinished, [open(0, "a"), open(1, "b")]);
    unfinished.endTransfer();
    assertEquals(unfinished.report().unfinished, [{ path: "a", bytes: 5 }]);
  });

  it("are at most 100, and the others are counted", () => {
    const unfinished = new UnfinishedFiles();
    play(unfinished, Array.from({ length: 150 }, (_, file) => open(file, `f${file}`)));
    const { unfinished: listed, unfinishedOmitted } = unfinished.report();
    assertEquals([listed.length, unfinishedOmitted], [100, 50]);
  });
});

describe("RunRecorder", () => {
  const ABOUT = {
    ...{ escp: "1.2.3", sources: ["a"], target: "b", options: [], verify: false, usesLibraries: true },
    direction: "push",
    limitBytesPerSecond: 0,
  } satisfies RunAbout;
  const connected: TransferEvent = { type: "connected", streams: 2, engine: "native" };
  const progress = (bytes: number, resumed = 0): TransferEvent => ({ type: "progress", files: 0, bytes, resumed });
  const finished: TransferEvent = {
    ...{ type: "finished", files: 1, bytes: 100, resumed: 40, failed: 0, skipped: 0, streams: 2, engine: "native" },
  } as TransferEvent;

  /** Plays events at times in milliseconds, each before a sample. */
  function play(steps: [number, TransferEvent][], end: Parameters<RunRecorder["finish"]>[0]) {
    let now = 0;
    using recorder = new RunRecorder(ABOUT, () => now);
    const listener = recorder.observe("web1");
    for (const [atMs, event] of steps) {
      now = atMs;
      listener(event);
      recorder.onEvent(event);
      recorder.sample();
    }
    return recorder.finish(end);
  }

  it("counts what the sessions have written, each byte once", () => {
    const sessions = new LostSessions();
    const retry: TransferEvent = { type: "retry", message: "lost", pauseSeconds: 1, left: 0 };
    const add = (at: number, event: TransferEvent): [number, TransferEvent] => [at, sessions.add(event)];
    const first = [add(1000, connected), add(2000, progress(40))];
    sessions.lost();
    const last = { ...finished, bytes: 100, resumed: 40 } as TransferEvent;
    const next = [add(5000, connected), add(6000, progress(70, 40)), add(7000, last)];
    const { series, result, sessions: reported } = play(
      [...first, [3000, retry], ...next],
      { status: "done", exitStatus: 0 },
    );
    assertEquals(series.written, [0, 0, 40, 40, 40, 70, 100, 100]);
    assertEquals(reported.map(({ outcome, start, message }) => [outcome, start, message]), [
      ["lost", 0, "lost"],
      ["finished", 4, undefined],
    ]);
    assertEquals([result.bytes, result.resumed, result.status], [100, 0, "ok"]);
  });

  it("reports the last progress of a run that an error has ended", () => {
    const end = { status: "error", exitStatus: 255, message: "Cannot log in", hint: "Try again" } as const;
    const { result, sessions } = play([[1000, connected], [2000, progress(60, 10)]], end);
    const { status, bytes, resumed, message, hint, exitStatus, seconds } = result;
    assertEquals([status, bytes, resumed, message, hint], ["error", 60, 10, "Cannot log in", "Try again"]);
    assertEquals([exitStatus, seconds], [255, 2]);
    assertEquals(sessions.map(({ outcome, message }) => [outcome, message]), [["failed", "Cannot log in"]]);
  });

  it("keeps the first and the last of very many sessions", () => {
    const retry: TransferEvent = { type: "retry", message: "lost", pauseSeconds: 0, left: 1 };
    const retries = Array.from({ length: 999 }, (_, at): [number, TransferEvent] => [at, retry]);
    const { sessions, sessionsOmitted } = play(retries, { status: "error", exitStatus: 1, message: "gone" });
    assertEquals([sessions.length, sessionsOmitted, sessions[0].number], [256, 744, 0]);
    assertEquals([sessions.at(-1)!.number, sessions.at(-1)!.message], [999, "gone"]);
  });

  it("bounds failures and notes", () => {
    const failed: TransferEvent = { type: "failed", path: "x", message: "Cannot read" };
    const note: TransferEvent = { type: "note", message: "odd" };
    const many = Array.from({ length: 1500 }, (): [number, TransferEvent][] => [[1, failed], [1, note]]).flat();
    const { failures, failuresOmitted, notes, notesOmitted } = play(many, { status: "done", exitStatus: 1 });
    assertEquals([failures.length, failuresOmitted, notes.length, notesOmitted], [1000, 500, 100, 1400]);
  });

  it("bounds the size of failures and notes that a peer chooses", () => {
    const failed: TransferEvent = { type: "failed", path: "x".repeat(1 << 17), message: "y".repeat(1 << 18) };
    const many = Array.from({ length: 1500 }, (): [number, TransferEvent] => [1, failed]);
    const report = play(many, { status: "done", exitStatus: 1 });
    assertEquals(report.failures.length + report.failuresOmitted, 1500);
    assert(JSON.stringify(report).length < 6 << 20);
  });

  it("explains a run that has ended without a result", () => {
    const { status, message } = play([[1000, connected]], { status: "done", exitStatus: 0 }).result;
    assertEquals([status, message], ["error", "The copy ended without a result"]);
  });
});
