/** The log of a run: on the terminal up to the level of -v, and in the file of --log. */

import { messageOf, quotePath, UsageError } from "../errors.ts";
import { formatLogRecord, Log, LOG_LEVELS, type LogLevel, logLevelFor, type LogRecord } from "../log/log.ts";
import { writeAll } from "../log/write_all.ts";
import type { TransferEvent } from "../transfer/events.ts";
import { formatCount } from "../ui/format.ts";
import { retryNote } from "../ui/retry_note.ts";
import { summaryLine } from "../ui/summary.ts";
import { failureReason } from "./failure_reason.ts";

/** Minimum level of a log file. -vv and more raise it. */
const FILE_LEVEL: LogLevel = "info";

/** A log that also records events. */
export interface CopyLog extends Disposable {
  readonly log: Log;
  /** Logs an event of the transfer. */
  onEvent(event: TransferEvent): void;
  /** Opens the file again, which another program may have renamed. Keeps the former one if that fails. @throws {UsageError} */
  reopen(): void;
}

/**
 * Opens the log of a run.
 *
 * @param options.log path of the log file, which is appended to or created.
 * @param options.host name of this host for messages, if the user is on another one.
 * @param options.noFifo whether to refuse a FIFO, because opening one waits for its reader.
 * @param print prints a line on the terminal. Called once if the file cannot be written; the copy continues.
 * @throws {UsageError} if the file cannot be opened.
 */
export function openCopyLog(
  options: { log?: string; host?: string; noFifo?: boolean; verbose: number; quiet: boolean; bits?: boolean },
  print: (line: string) => void,
): CopyLog {
  const file = options.log === undefined ? undefined : new LogFile(options.log, { ...options, print });
  const shown = logLevelFor(options);
  const level = file ? deeper(shown, FILE_LEVEL) : shown;
  const log = new Log({
    level,
    sink(record: LogRecord) {
      const line = formatLogRecord(record);
      // First, so that the file contains each line that the user has seen.
      file?.write(line);
      if (depth(record.level) <= depth(shown)) print(line);
    },
  });
  return {
    log,
    onEvent(event) {
      // The terminal shows events itself.
      if (file) describe(event, options).forEach((line) => file.write(record(log, line)));
    },
    reopen() {
      file?.reopen();
    },
    [Symbol.dispose]() {
      file?.close();
    },
  };
}

/** A file to which lines are appended. */
class LogFile {
  readonly #path: string;
  readonly #host: string | undefined;
  readonly #print: (line: string) => void;
  readonly #noFifo: boolean;
  #file: Deno.FsFile;
  #isBroken = false;

  /** @throws {UsageError} */
  constructor(
    path: string,
    { host, noFifo = false, print }: { host?: string; noFifo?: boolean; print: (line: string) => void },
  ) {
    this.#path = path;
    this.#host = host;
    this.#print = print;
    this.#noFifo = noFifo;
    this.#file = openFile(path, noFifo);
  }

  /** @throws {UsageError} */
  reopen(): void {
    const file = openFile(this.#path, this.#noFifo);
    this.#file.close();
    this.#file = file;
    this.#isBroken = false;
  }

  write(line: string): void {
    if (this.#isBroken) return;
    try {
      writeAll(this.#file, new TextEncoder().encode(line + "\n"));
    } catch (error) {
      this.#isBroken = true;
      const place = this.#host === undefined ? "" : ` on ${this.#host}`;
      this.#print(`escp: Cannot write the log file ${quotePath(this.#path)}${place}: ${messageOf(error)}`);
    }
  }

  close(): void {
    this.#file.close();
  }
}

function openFile(path: string, noFifo: boolean): Deno.FsFile {
  if (noFifo && isFifo(path)) throw new UsageError(`Cannot open the log file ${quotePath(path)}: it is a FIFO`);
  try {
    return Deno.openSync(path, { append: true, create: true, mode: 0o600 });
  } catch (cause) {
    throw new UsageError(`Cannot open the log file ${quotePath(path)}: ${failureReason(cause)}`, { cause });
  }
}

function isFifo(path: string): boolean {
  try {
    return Deno.statSync(path).isFifo ?? false;
  } catch {
    // Opening the file reports the reason.
    return false;
  }
}

function describe(event: TransferEvent, { bits }: { bits?: boolean }): { level: LogLevel; message: string }[] {
  switch (event.type) {
    case "connected":
      return [{
        level: "info",
        message: `${event.orFewer ? "up to " : ""}${formatCount(event.streams, "stream")}, ${event.engine} engine`,
      }];
    case "failed":
      return [{ level: "error", message: event.message }];
    case "retry":
      return [{ level: "warn", message: retryNote(event) }];
    case "note":
      return [{ level: "warn", message: event.message }];
    case "deleted":
      return [{ level: "info", message: `deleted ${quotePath(event.path)}` }];
    case "finished":
      return [{ level: "info", message: summaryLine(event, { totalMs: performance.now(), bits, verbose: 1 }) }];
    default:
      return [];
  }
}

function record({ session }: Log, { level, message }: { level: LogLevel; message: string }): string {
  return formatLogRecord({ timeMs: Date.now(), level, session, message });
}

function depth(level: LogLevel): number {
  return LOG_LEVELS.indexOf(level);
}

function deeper(one: LogLevel, other: LogLevel): LogLevel {
  return depth(one) > depth(other) ? one : other;
}
