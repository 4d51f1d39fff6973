import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { TransferEvent } from "../../src/transfer/events.ts";
import { type Screen, Terminal, type TerminalOptions } from "../../src/ui/terminal.ts";

/** A screen in memory with a manual clock, which interprets carriage returns and the erasing of a line. */
class MemoryScreen implements Screen {
  raw = "";
  writes = 0;
  nowMs = 0;
  width = 80;
  foreground = true;
  readonly canRedraw: boolean;

  constructor(canRedraw = true) {
    this.canRedraw = canRedraw;
  }
  write(text: string): void {
    this.raw += text;
    this.writes++;
  }
  columns(): number {
    return this.width;
  }
  isForeground(): boolean {
    return this.foreground;
  }
  now(): number {
    return this.nowMs;
  }
  /** The visible lines, after all carriage returns. */
  lines(): string[] {
    return this.raw.split("\n").map((line) => {
      let shown = "";
      for (const part of line.split("\r")) {
        const [text, ...erased] = part.split("\x1b[K");
        shown = erased.length > 0 ? text + erased.join("") : text + shown.slice(text.length);
      }
      return shown.trimEnd();
    });
  }
}

const connected: TransferEvent = { type: "connected", streams: 4, engine: "native" };
const failed: TransferEvent = { type: "failed", path: "a", message: 'Cannot read "a": gone\u001b[2J' };
const finished: TransferEvent = {
  ...{ type: "finished", files: 1, bytes: 1024, failed: 0, skipped: 0, streams: 4, engine: "native" },
} as TransferEvent;
const progress = (bytes: number): TransferEvent => ({ type: "progress", files: 0, bytes });
const summaryAfter = (seconds: string, rate: string) => `1 file, 1.0 KiB copied in ${seconds} s (${rate}/s)`;

/** Plays events at their times. Returns the screen at the end. */
function play(steps: [number, TransferEvent][], options: Partial<TerminalOptions> = {}, screen = new MemoryScreen()) {
  const terminal = new Terminal({ quiet: false, verbose: 0, ...options }, screen);
  try {
    for (const [atMs, event] of steps) {
      screen.nowMs = atMs;
      terminal.onEvent(event);
    }
    return { screen, shown: screen.lines() };
  } finally {
    terminal.close();
  }
}

describe("Terminal", () => {
  it("names deleted entries with -v, escaped", () => {
    const events: [number, TransferEvent][] = [[0, connected], [1, { type: "deleted", path: "a/\u001b[2J/" }]];
    assertEquals(play(events, { verbose: 1 }).shown, ['deleted "a/\\x1b[2J/"', ""]);
    for (const options of [{}, { verbose: 1, quiet: true }]) assertEquals(play(events, options).shown, [""]);
  });

  it("shows the host while no stream is open, from 1 s on", () => {
    const opening: TransferEvent = { type: "opening", host: "web1" };
    const draw: TransferEvent = { type: "totals", files: 0, bytes: 0, complete: false };
    assertEquals(play([[0, opening], [900, draw]]).screen.raw, "");
    const { screen, shown } = play([[0, opening], [1_000, draw], [1_100, connected]]);
    assert(screen.raw.startsWith("\rconnecting to web1 ..."), screen.raw);
    assertEquals(shown, [""]);
    // The next ssh may ask for a password.
    assertEquals(play([[0, opening], [500, { type: "connecting" }], [2_000, draw]]).screen.raw, "");
    assertEquals(play([[0, opening], [2_000, draw]], {}, new MemoryScreen(false)).screen.raw, "");
    assertEquals(play([[0, opening], [2_000, draw]], { quiet: true }).screen.raw, "");
  });

  it("prints equal failures of two hosts, and important notes with -q", () => {
    const of = (host: string): TransferEvent => ({ ...failed, host } as TransferEvent);
    const { shown } = play([[0, of("a")], [0, of("a")], [0, of("b")]]);
    assertEquals(shown.filter((line) => line.startsWith("escp:")).length, 2);
    const notes: [number, TransferEvent][] = [[0, { type: "note", message: "one" }], [0, {
      type: "note",
      message: "two",
      important: true,
    }]];
    assertEquals(play(notes, { quiet: true }).shown, ["note: two", ""]);
  });

  it("prints a failure once that a directory and its files repeat", () => {
    const other: TransferEvent = { type: "failed", path: "b", message: "other" };
    const { shown } = play(
      [[0, connected], [1, failed], [2, failed], [3, other], [4, failed]],
      {},
      new MemoryScreen(false),
    );
    assertEquals(shown.filter((line) => line !== "").length, 2);
  });

  it("prints ten failures with the same reason, then their number per directory, and each hint once", () => {
    const denied = (path: string): TransferEvent => ({
      type: "failed",
      path,
      message: `Cannot read "${path}": Permission denied`,
      hint: "Check the permissions",
    });
    const steps: [number, TransferEvent][] = [[0, connected]];
    for (let file = 0; file < 44; file++) steps.push([file, denied(`d/${file}`)]);
    steps.push([50, denied("e/x")], [51, {
      type: "failed",
      path: "d/y",
      message: 'Cannot read "d/y": Is a directory',
    }]);
    const { shown } = play([...steps, [60, { ...finished, failed: 46 } as TransferEvent]], {}, new MemoryScreen(false));
    assertEquals(shown, [
      ...Array.from({ length: 10 }, (_, file) => `escp: Cannot read "d/${file}": Permission denied`),
      'escp: Cannot read "d/y": Is a directory',
      'escp: ...and 34 more in "d/": Permission denied',
      'escp: ...and 1 more in "e/": Permission denied',
      "hint: Check the permissions",
      "",
    ]);
    // A run that ends with an error prints the same.
    assertEquals(play(steps, {}, new MemoryScreen(false)).screen.lines(), shown);
  });

  it("escapes invisible characters of a label, and never exceeds the width of the screen", () => {
    const label = "report\u202efdp.\u200b\u{e0041}exe";
    for (const width of [20, 30, 50, 60, 80]) {
      const screen = new MemoryScreen();
      screen.width = width;
      const { shown: [line] } = play([[0, connected], [500, progress(1)]], { label }, screen);
      assert(/^[\x20-\x7e…]*$/.test(line), line);
      assert(line.length < width, `${line.length} of ${width} columns`);
      if (width === 80) assertEquals(line.startsWith("report\\u202efdp.\\u200b\\u{e0041}exe  "), true, line);
    }
  });

  it("draws nothing before the streams are connected", () => {
    const { screen } = play([[5000, { type: "totals", files: 9, bytes: 9, complete: true }], [9000, progress(1)]]);
    assertEquals(screen.raw, "");
  });

  it("overwrites one line and clears it at the end", () => {
    const { screen, shown } = play([[0, connected], [500, progress(1)], [1000, progress(2048)], [
      2000,
      progress(4096),
    ]]);
    assertEquals(shown, [" 4.0 KiB   2.0 KiB/s  0 files, 0 found"]);
    assertEquals(screen.lines(), [""]);
  });

  it("erases the rest of a line of any width", () => {
    const { screen } = play([[0, connected], [500, progress(1)]]);
    assertEquals(screen.raw, "\r     1 B  0 files, 0 found\x1b[K\r\x1b[K");
  });

  it("draws and erases nothing while another job uses the terminal", () => {
    const screen = new MemoryScreen();
    const terminal = new Terminal({ quiet: false, verbose: 0 }, screen);
    const at = (nowMs: number, event: TransferEvent) => {
      screen.nowMs = nowMs;
      terminal.onEvent(event);
    };
    at(0, connected);
    at(500, progress(1));
    const { raw } = screen;
    screen.foreground = false;
    at(1000, progress(2));
    at(1500, failed);
    assertEquals(screen.raw.slice(raw.length), 'escp: Cannot read "a": gone\\x1b[2J\n');
    screen.foreground = true;
    at(2000, progress(3));
    assertEquals(screen.lines().at(-1), "     3 B       2 B/s  0 files, 0 found  1 failed");
    terminal.close();
  });

  it("shows the large file in progress instead of the label", () => {
    const { shown } = play([[0, connected], [500, { type: "progress", files: 0, bytes: 1, file: "d/x\u001b.iso" }]], {
      label: "d",
    });
    assertEquals(shown, ["d/x\\x1b.iso       1 B  0 files, 0 found"]);
  });

  it("redraws at most eight times per second", () => {
    const steps: [number, TransferEvent][] = [[0, connected]];
    for (let atMs = 300; atMs < 1300; atMs++) steps.push([atMs, progress(atMs)]);
    const { screen } = play(steps);
    // The last write clears the line.
    assertEquals(screen.writes, 8 + 1);
  });

  it("shows no progress line for a very short copy", () => {
    const { shown } = play([[0, connected], [100, progress(1024)], [200, finished]]);
    assertEquals(shown, [summaryAfter("0.2", "5.0 KiB"), ""]);
  });

  it("prints failures above the line, escaped and complete", () => {
    const { shown } = play([[0, connected], [1000, progress(1024)], [1010, failed], [1200, progress(2048)]]);
    assertEquals(shown, ['escp: Cannot read "a": gone\\x1b[2J', " 2.0 KiB   1.7 KiB/s  0 files, 0 found  1 failed"]);
  });

  it("prints the summary last", () => {
    const { shown } = play([[0, connected], [1000, progress(1024)], [1500, finished], [3000, failed]]);
    assertEquals(shown, [summaryAfter("1.5", "683 B"), ""]);
  });

  it("prints notes", () => {
    assertEquals(play([[0, connected], [10, { type: "note", message: "slow" }]]).shown, ["note: slow", ""]);
  });

  it("prints only failures with -q", () => {
    const { shown } = play(
      [[0, connected], [10, { type: "note", message: "slow" }], [1000, progress(1)], [1010, failed], [2000, finished]],
      { quiet: true },
    );
    assertEquals(shown, ['escp: Cannot read "a": gone\\x1b[2J', ""]);
  });

  it("prints only failures without a terminal, and the summary with -v", () => {
    const steps: [number, TransferEvent][] = [[0, connected], [1000, progress(1)], [2000, finished]];
    assertEquals(play(steps, {}, new MemoryScreen(false)).screen.raw, "");
    assertEquals(
      play(steps, { verbose: 1 }, new MemoryScreen(false)).screen.raw,
      summaryAfter("2.0", "512 B") + ", 4 streams, native engine\n",
    );
    assertEquals(play([[0, connected], [1, failed]], {}, new MemoryScreen(false)).shown.length, 2);
  });

  it("prints no summary if nothing was found to copy, unless with -v or --stats", () => {
    const missing: TransferEvent = { type: "failed", path: "a", message: 'Cannot read "a": No such file or directory' };
    const steps: [number, TransferEvent][] = [
      [100, { type: "totals", files: 0, bytes: 0, complete: true }],
      [100, missing],
      [200, { ...finished, files: 0, bytes: 0, failed: 1 } as TransferEvent],
    ];
    const error = 'escp: Cannot read "a": No such file or directory';
    assertEquals(play(steps).shown, [error, ""]);
    assertEquals(play(steps, { verbose: 1 }).shown.length, 3);
    assertEquals(play(steps, { stats: () => [] }).shown.length, 3);
    const unreadable: [number, TransferEvent] = [100, { type: "totals", files: 1, bytes: 8, complete: true }];
    assertEquals(play([unreadable, ...steps.slice(1)]).shown, [
      error,
      "1 failed, 0 files, 0 B copied in 0.2 s (0 B/s)",
      "",
    ]);
  });

  it("prints the summary and the lines of --stats without a terminal and with -q", () => {
    const steps: [number, TransferEvent][] = [[0, connected], [2000, finished]];
    for (const quiet of [false, true]) {
      const { shown } = play(steps, { quiet, stats: () => ["h: login 0.4 s"] }, new MemoryScreen(false));
      assertEquals(shown, [summaryAfter("2.0", "512 B"), "h: login 0.4 s", ""]);
    }
  });

  it("keeps the last column free and follows the width of the window", () => {
    const screen = new MemoryScreen();
    screen.width = 30;
    const { shown } = play([[0, connected], [1000, progress(1024)], [2000, progress(2048)]], {}, screen);
    assertEquals(shown, [" 2.0 KiB   1.0 KiB/s"]);
    screen.width = 0;
    play([[0, connected], [1000, progress(1024)], [2000, progress(2048)]], {}, screen);
  });

  it("shows an escaped label before the numbers", () => {
    const { shown } = play([[0, connected], [1000, progress(1024)]], { label: "a\u001b\nb" });
    assertEquals(shown, ["a\\x1b b   1.0 KiB   1.0 KiB/s  0 files, 0 found"]);
  });

  it("shows a status in one escaped line until it is closed", () => {
    const screen = new MemoryScreen();
    screen.width = 12;
    const terminal = new Terminal({ quiet: false, verbose: 0 }, screen);
    terminal.showStatus("examining the host");
    assertEquals(screen.lines()[0].length, 11);
    terminal.showStatus("\u001b\nx");
    assertEquals(screen.lines(), ["\\x1b x"]);
    terminal.close();
    assertEquals(screen.lines(), [""]);
    terminal.showStatus("late");
    assertEquals(screen.lines(), [""]);
  });

  it("shows no status with -q or without a terminal", () => {
    for (const quiet of [false, true]) {
      const screen = new MemoryScreen(quiet);
      new Terminal({ quiet, verbose: 0 }, screen).showStatus("x");
      assertEquals(screen.raw, "");
    }
  });

  it("close() may be called repeatedly, and before any event", () => {
    const screen = new MemoryScreen();
    const terminal = new Terminal({ quiet: false, verbose: 0 }, screen);
    terminal.close();
    terminal.close();
    terminal.onEvent(connected);
    assert(screen.raw === "");
  });
});
