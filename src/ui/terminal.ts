import { printable, quotePath } from "../escape_text.ts";
import type { DeletedEvent, FailedEvent, FinishedEvent, RetryEvent, TransferEvent } from "../transfer/events.ts";
import { FailureGroups } from "./failure_groups.ts";
import { foregroundCheck } from "../native/process/foreground.ts";
import { progressLine } from "./progress_line.ts";
import { foldEvent, INITIAL_STATE, type ProgressState } from "./progress_state.ts";
import { retryNote } from "./retry_note.ts";
import { writeStderr } from "../log/write_all.ts";
import { summaryLine } from "./summary.ts";
import { cutToWidth } from "./text_width.ts";

/** The screen of a `Terminal`. */
export interface Screen {
  /** Must not throw. */
  write(text: string): void;
  /** Returns the current number of columns, which may change at any time. */
  columns(): number;
  /** Whether lines can be overwritten: on a terminal whose type is not "dumb". */
  readonly canRedraw: boolean;
  /** Whether lines may be overwritten now: not while another job uses the terminal. */
  isForeground(): boolean;
  /** Returns milliseconds since the start of the command, of a monotonic clock. */
  now(): number;
}

/** Options of a `Terminal`. */
export interface TerminalOptions {
  /** Print failures only. */
  readonly quiet: boolean;
  /** Number of -v. */
  readonly verbose: number;
  /** Name of the copy, such as the name of the only file. */
  readonly label?: string;
  /** Show rates in bits instead of bytes. */
  readonly bits?: boolean;
  /** Word for entries that needed no copy. Default: "unchanged". */
  readonly skippedAs?: string;
  /** Print the summary, and these lines after it, in any case. */
  readonly stats?: () => readonly string[];
}

/** Erases from the cursor to the end of the line (EL). */
const ERASE_TO_END = "\x1b[K";
const STDERR = 2;
/** Minimum interval between redraws. More than eight per second would be unreadable. */
const REDRAW_MS = 125;
/** Maximum number of hints, because a peer may send a different hint for each file. */
const MAX_HINTS = 100;
/** Time without a stream after which the line names the host. In milliseconds. */
const OPENING_MS = 1_000;
/** A copy that takes less than this shows no progress line. */
const FIRST_DRAW_MS = 300;

/**
 * Shows a transfer on stderr: a progress line that is overwritten, and messages above it.
 * Draws nothing before the "connected" event, because ssh may be asking for a password on the same screen.
 * Without a terminal, prints only failures and, with -v, a summary, as scp does.
 */
export class Terminal {
  readonly #screen: Screen;
  readonly #options: TerminalOptions;
  #state: ProgressState = INITIAL_STATE;
  #drawnMs = 0;
  /** Whether the progress line is visible. */
  #drawn = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #closed = false;
  /** Host that streams are being opened to, since a time. */
  #opening?: { host: string; sinceMs: number };
  readonly #failures = new FailureGroups();
  readonly #hints = new Set<string>();

  constructor(options: TerminalOptions, screen: Screen = stderrScreen()) {
    this.#options = options;
    this.#screen = screen;
  }

  /** Event listener for a transfer. */
  readonly onEvent = (event: TransferEvent): void => {
    if (this.#closed) return;
    this.#state = foldEvent(this.#state, event, this.#screen.now());
    if (event.type === "opening") this.#openTo(event.host);
    else if (event.type === "connected" || event.type === "connecting" || event.type === "retry") {
      this.#opening = undefined;
      // The next ssh may ask for a password on this line.
      this.clear();
    }
    if (event.type === "connected") this.#start();
    else if (event.type === "retry") this.#printRetry(event);
    else if (event.type === "failed") this.#printFailure(event);
    else if (event.type === "note" && (event.important || !this.#options.quiet)) {
      this.printLine(`note: ${event.message}`);
    } else if (event.type === "deleted") this.#printDeleted(event);
    else if (event.type === "finished") this.#finish();
    else this.draw();
  };

  #openTo(host: string): void {
    this.#opening ??= { host, sinceMs: this.#screen.now() };
    this.#start();
  }

  #printRetry(event: RetryEvent): void {
    if (!this.#options.quiet) this.printLine(`note: ${retryNote(event)}`);
  }

  #printDeleted({ path }: DeletedEvent): void {
    const { quiet, verbose } = this.#options;
    if (verbose > 0 && !quiet) this.printLine(`deleted ${quotePath(path)}`);
    else this.draw();
  }

  /** Prints a failure, unless several with the same reason were printed. The hint is printed at the end. */
  #printFailure({ message, hint, isPrinted, host }: FailedEvent): void {
    if (isPrinted) return;
    if (this.#failures.add(message, host)) this.printLine(`escp: ${message}`);
    if (hint && this.#hints.size < MAX_HINTS) this.#hints.add(hint);
  }

  /** Prints the numbers of failures that were not printed, and the hints. */
  #printRest(): void {
    for (const line of this.#failures.takeHidden()) this.printLine(`escp: ${line}`);
    for (const hint of this.#hints) this.printLine(`hint: ${hint}`);
    this.#hints.clear();
  }

  /** Prints escaped text above the progress line. The log also uses this. */
  printLine(text: string): void {
    // The next redraw shows the progress line again. Redrawing it here would double the work for long lists.
    this.clear();
    // Indent further lines, so that the peer cannot forge messages of this program.
    this.#screen.write(printable(text).replaceAll("\n", "\n  ") + "\n");
  }

  /** Shows a text instead of the progress line, for a task without progress. */
  showStatus(text: string): void {
    if (!this.#closed && this.showsProgress) this.#write(onOneLine(text), this.#width());
  }

  /** Updates the progress line if it is due. A timer calls this too, so that a stall becomes visible. */
  draw(): void {
    const now = this.#screen.now();
    const { connectedMs, finished } = this.#state;
    if (this.#closed || finished || !this.showsProgress) return;
    if (this.#opening && now - this.#opening.sinceMs >= OPENING_MS && !this.#drawn) {
      this.showStatus(`connecting to ${this.#opening.host} ...`);
    }
    if (connectedMs === undefined) return;
    if (now - connectedMs < FIRST_DRAW_MS || now - this.#drawnMs < REDRAW_MS) return;
    this.#redraw();
  }

  /** Clears the progress line, stops drawing, and prints pending hints. Call it before every exit. May be called repeatedly. */
  close(): void {
    if (!this.#closed) this.#printRest();
    this.#closed = true;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.clear();
  }

  /** Whether there is a progress line. */
  get showsProgress(): boolean {
    return this.#screen.canRedraw && !this.#options.quiet;
  }

  #start(): void {
    if (!this.showsProgress || this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.draw(), REDRAW_MS * 2);
    // The timer must not keep the process alive.
    Deno.unrefTimer(this.#timer);
  }

  #finish(): void {
    const { finished, filesTotal } = this.#state;
    this.close();
    const { quiet, verbose, bits, stats, skippedAs } = this.#options;
    const isShown = stats || verbose > 0 || (this.#screen.canRedraw && !(finished && isEmpty(finished, filesTotal)));
    if (finished && (stats || !quiet) && isShown) {
      this.printLine(summaryLine(finished, { totalMs: this.#screen.now(), bits, verbose, skippedAs }));
    }
    for (const line of stats?.() ?? []) this.printLine(line);
  }

  #redraw(): void {
    const now = this.#screen.now();
    const width = this.#width();
    const label = this.#state.file ?? this.#options.label;
    const shown = label === undefined ? undefined : onOneLine(label);
    this.#write(progressLine(this.#state, { width, nowMs: now, label: shown, bits: this.#options.bits }), width);
    this.#drawnMs = now;
  }

  /** Returns the maximum width of a line. The last column stays free, because some terminals wrap a line that reaches it. */
  #width(): number {
    return Math.max(1, this.#screen.columns() - 1);
  }

  /** Replaces the line by a text without control characters. */
  #write(text: string, width: number): void {
    if (!this.#screen.isForeground()) return;
    this.#screen.write("\r" + cutToWidth(text, width) + ERASE_TO_END);
    this.#drawn = true;
  }

  /** Clears the progress line until the next redraw, for output that bypasses this class. */
  clear(): void {
    // In the background the line may belong to a shell by now.
    if (this.#drawn && this.#screen.isForeground()) this.#screen.write("\r" + ERASE_TO_END);
    this.#drawn = false;
  }
}

/** Returns whether nothing was found, so that the failures are the whole result. */
function isEmpty({ files, failed, skipped, stopped }: FinishedEvent, filesTotal: number): boolean {
  return failed > 0 && files === 0 && skipped === 0 && filesTotal === 0 && !stopped;
}

function onOneLine(text: string): string {
  return printable(text).replaceAll("\n", " ");
}

/** Returns the terminal of standard error. */
function stderrScreen(): Screen {
  let isForeground: (() => boolean) | undefined;
  return {
    write: writeStderr,
    columns: stderrColumns,
    canRedraw: Deno.stderr.isTerminal() && Deno.env.get("TERM") !== "dumb",
    isForeground: () => (isForeground ??= foregroundCheck(STDERR))(),
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
