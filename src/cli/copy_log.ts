/** The log of a copy: to the terminal as much as -v asks for, and all of it to a file when one is named. */

import { quotePath, UsageError } from "../errors.ts";
import { formatLogRecord, Log, LOG_LEVELS, type LogLevel, logLevelFor, type LogRecord } from "../log/log.ts";
import type { TransferEvent } from "../transfer/events.ts";
import { formatCount } from "../ui/format.ts";
import { retryNote } from "../ui/retry_note.ts";
import { summaryLine } from "../ui/summary.ts";

/** A log file has this at least; with -vv and more it has that. */
const FILE_LEVEL: LogLevel = "info";

/** A log that also takes in what happens. */
export interface CopyLog extends Disposable {
  readonly log: Log;
  /** Logs an event of the transfer. */
  onEvent(event: TransferEvent): void;
}

/**
 * @param options.file is appended to; it is made where there is none.
 * @param options.noFifo Whether to refuse a FIFO, because opening it waits for its reader.
 * @param print prints a line on the terminal.
 * @throws {UsageError} when the file cannot be opened.
 */
export function openCopyLog(
  options: { file?: string; noFifo?: boolean; verbose: number; quiet: boolean; bits?: boolean },
  print: (line: string) => void,
): CopyLog {
  const file = options.file === undefined ? undefined : openFile(options.file, options.noFifo ?? false);
  const shown = logLevelFor(options);
  const level = file ? deeper(shown, FILE_LEVEL) : shown;
  const encoder = new TextEncoder();
  const log = new Log({
    level,
    sink(record: LogRecord) {
      const line = formatLogRecord(record);
      if (depth(record.level) <= depth(shown)) print(line);
      file?.writeSync(encoder.encode(line + "\n"));
    },
  });
  return {
    log,
    onEvent(event) {
      // What the terminal shows by itself is for the file only.
      if (file) {
        for (const line of describe(event, options)) {
          file.writeSync(encoder.encode(record(log, line) + "\n"));
        }
      }
    },
    [Symbol.dispose]() {
      file?.close();
    },
  };
}

function openFile(path: string, noFifo: boolean): Deno.FsFile {
  if (noFifo && isFifo(path)) throw new UsageError(`Cannot open the log file ${quotePath(path)}: it is a FIFO`);
  try {
    return Deno.openSync(path, { append: true, create: true, mode: 0o600 });
  } catch (cause) {
    const state = cause instanceof Error ? cause.message.replace(/ \(os error.*/, "") : String(cause);
    throw new UsageError(`Cannot open the log file ${quotePath(path)}: ${state}`, { cause });
  }
}

function isFifo(path: string): boolean {
  try {
    return Deno.statSync(path).isFifo ?? false;
  } catch {
    // Opening it tells why.
    return false;
  }
}

function describe(event: TransferEvent, { bits = false }: { bits?: boolean }): { level: LogLevel; message: string }[] {
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
    case "finished":
      return [{ level: "info", message: summaryLine(event, { bits }) }];
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
