import { printable } from "../escape_text.ts";
import type { FailedEvent, RetryEvent, TransferEvent } from "../transfer/events.ts";
import { ReportedTexts } from "../transfer/reported_texts.ts";
import { formatBytes } from "./format.ts";
import { progressLine } from "./progress_line.ts";
import { foldEvent, INITIAL_STATE, type ProgressState } from "./progress_state.ts";
import { retryNote } from "./retry_note.ts";
import { writeStderr } from "../log/write_all.ts";
import { summaryLine } from "./summary.ts";
import { textWidth } from "./text_width.ts";

/** What a `Terminal` draws on. */
export interface Screen {
  /** Must not throw. */
  write(text: string): void;
  /** Columns now; it may change at any time. */
  columns(): number;
  /** Whether a line can be drawn over: a terminal, and not a dumb one. */
  readonly canRedraw: boolean;
  /** A clock that never goes back, in milliseconds. */
  now(): number;
}

export interface TerminalOptions {
  /** Print failures only. */
  readonly quiet: boolean;
  /** How many -v. */
  readonly verbose: number;
  /** What is copied, such as the name of the only file. */
  readonly label?: string;
  /** Show rates in bits instead of bytes. */
  readonly bits?: boolean;
}

/** At most eight times a second: faster than that nobody reads. */
const REDRAW_MS = 125;
/** Limits of the hints that are remembered: a peer may send another hint for each file. */
const MOST_HINTS = { texts: 1_000, units: 256 << 10 };
/** A copy that is over sooner than this shows no progress line at all. */
const FIRST_DRAW_MS = 300;

/**
 * Shows a transfer on stderr: a progress line that is drawn over, with everything that is printed above it.
 * Nothing is drawn before the "connected" event, because ssh may be asking for a password on the same screen.
 * Without a real terminal there is no progress line and no summary (unless -v): only what went wrong, as with scp.
 */
export class Terminal {
  readonly #screen: Screen;
  readonly #options: TerminalOptions;
  #state: ProgressState = INITIAL_STATE;
  #drawnMs = 0;
  /** Columns that the line on the screen takes; 0 when there is none. */
  #drawnWidth = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #closed = false;
  #lastFailure = "";
  readonly #hints = new ReportedTexts(MOST_HINTS);

  constructor(options: TerminalOptions, screen: Screen = stderrScreen()) {
    this.#options = options;
    this.#screen = screen;
  }

  /** The listener to give to a transfer. */
  readonly onEvent = (event: TransferEvent): void => {
    if (this.#closed) return;
    this.#state = foldEvent(this.#state, event, this.#screen.now());
    const { quiet, verbose } = this.#options;
    if (event.type === "connected") this.#start();
    else if (event.type === "connecting") this.clear();
    else if (event.type === "retry") this.#tellRetry(event);
    else if (event.type === "failed") this.#fail(event);
    else if (event.type === "note" && !quiet) this.printLine(`note: ${event.message}`);
    else if (event.type === "file" && verbose > 0) this.printLine(`${event.path}  ${formatBytes(event.bytes)}`);
    else if (event.type === "finished") this.#finish();
    else this.draw();
  };

  #tellRetry(event: RetryEvent): void {
    if (this.#options.quiet) this.clear();
    else this.printLine(`note: ${retryNote(event)}`);
  }

  /** A hint that was given once is not repeated for each of a thousand files. */
  #fail({ message, hint, told }: FailedEvent): void {
    if (told) return;
    // A directory that fails does so with each file in it: that is said once.
    if (message !== this.#lastFailure) this.printLine(`escp: ${message}`);
    this.#lastFailure = message;
    if (hint && this.#hints.add(hint)) this.printLine(`hint: ${hint}`);
  }

  /** Prints text above the progress line, made safe for a terminal. Also the place for the log's lines. */
  printLine(text: string): void {
    // The progress line comes back with the next redraw: at once would double the work for every line of a long list.
    this.clear();
    // Further lines are indented: the other side must not be able to say something in the name of this one.
    this.#screen.write(printable(text).replaceAll("\n", "\n  ") + "\n");
  }

  /** Brings the progress line up to date, if it is time for that. Called by a timer too, so that a stall can be seen. */
  draw(): void {
    const now = this.#screen.now();
    const { connectedMs, finished } = this.#state;
    if (this.#closed || finished || connectedMs === undefined || !this.#hasLine()) return;
    if (now - connectedMs < FIRST_DRAW_MS || now - this.#drawnMs < REDRAW_MS) return;
    this.#redraw();
  }

  /** Takes the progress line away and stops drawing. To be called on every way out; more than once does no harm. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.clear();
  }

  #hasLine(): boolean {
    return this.#screen.canRedraw && !this.#options.quiet;
  }

  #start(): void {
    if (!this.#hasLine() || this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.draw(), REDRAW_MS * 2);
    // The timer of a forgotten Terminal must not keep the process alive.
    Deno.unrefTimer(this.#timer);
  }

  #finish(): void {
    const { finished } = this.#state;
    this.close();
    const { quiet, verbose, bits = false } = this.#options;
    if (finished && !quiet && (this.#screen.canRedraw || verbose > 0)) {
      this.printLine(summaryLine(finished, { bits }));
    }
  }

  #redraw(): void {
    const now = this.#screen.now();
    // The last column stays free: a line that reaches it makes some terminals wrap.
    const width = Math.max(1, this.#screen.columns() - 1);
    const label = this.#options.label === undefined ? undefined : printable(this.#options.label).replaceAll("\n", " ");
    const line = progressLine(this.#state, { width, nowMs: now, label, bits: this.#options.bits });
    const columns = textWidth(line);
    this.#screen.write("\r" + line + " ".repeat(Math.max(0, Math.min(this.#drawnWidth, width) - columns)));
    this.#drawnWidth = columns;
    this.#drawnMs = now;
  }

  /** Takes the progress line away until it is drawn again, for what is printed past this. */
  clear(): void {
    if (this.#drawnWidth === 0) return;
    const width = Math.min(this.#drawnWidth, Math.max(1, this.#screen.columns() - 1));
    this.#screen.write("\r" + " ".repeat(width) + "\r");
    this.#drawnWidth = 0;
  }
}

function stderrScreen(): Screen {
  return {
    write: writeStderr,
    columns: stderrColumns,
    canRedraw: Deno.stderr.isTerminal() && Deno.env.get("TERM") !== "dumb",
    now: () => performance.now(),
  };
}

function stderrColumns(): number {
  try {
    return Deno.consoleSize().columns || 80;
  } catch {
    return 80;
  }
}
