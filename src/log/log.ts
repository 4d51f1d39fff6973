/** Log records, and the levels that select them. */

import { printable } from "../escape_text.ts";

/** Levels, from the least to the most output. */
export const LOG_LEVELS = ["error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

/** A log record. Plain data, so that a Worker can post it. */
export interface LogRecord {
  /** In milliseconds since 1970. */
  readonly timeMs: number;
  readonly level: LogLevel;
  /** Short id of the session; empty before there is one. */
  readonly session: string;
  readonly message: string;
}

/** Called with each record that is logged. */
export type LogSink = (record: LogRecord) => void;

export interface LogOptions {
  /** Maximum level of the records. */
  readonly level: LogLevel;
  readonly sink: LogSink;
  /** Short id of the session. Default: "". */
  readonly session?: string;
  /** Returns milliseconds since 1970. Default: `Date.now`. */
  readonly now?: () => number;
}

/** A message, or a function that builds it only if the level is logged. */
export type LogMessage = string | (() => string);

/** A log with levels. Never log keys, secrets or file contents, at any level, because users send logs to others. */
export class Log {
  /** Short id of the session; empty before there is one. */
  session: string;
  readonly level: LogLevel;
  readonly #sink: LogSink;
  readonly #now: () => number;

  constructor({ level, sink, session = "", now = Date.now }: LogOptions) {
    this.level = level;
    this.session = session;
    this.#sink = sink;
    this.#now = now;
  }

  error(message: LogMessage): void {
    this.#write("error", message);
  }
  warn(message: LogMessage): void {
    this.#write("warn", message);
  }
  info(message: LogMessage): void {
    this.#write("info", message);
  }
  debug(message: LogMessage): void {
    this.#write("debug", message);
  }
  trace(message: LogMessage): void {
    this.#write("trace", message);
  }

  /** Returns whether messages of this level are logged. */
  isOn(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(this.level);
  }

  /** Logs a record from elsewhere, such as from a Worker. */
  add(record: LogRecord): void {
    if (this.isOn(record.level)) this.#sink(record);
  }

  #write(level: LogLevel, message: LogMessage): void {
    if (!this.isOn(level)) return;
    const text = typeof message === "string" ? message : message();
    this.#sink({ timeMs: this.#now(), level, session: this.session, message: text });
  }
}

/** Returns the level for a number of -v: warn without -v, then info, debug and trace; error with `quiet`. */
export function logLevelFor({ verbose, quiet }: { verbose: number; quiet: boolean }): LogLevel {
  if (verbose <= 0) return quiet ? "error" : "warn";
  return LOG_LEVELS[Math.min(1 + verbose, LOG_LEVELS.length - 1)];
}

/** Formats a record as one line, escaped for a terminal: `2025-11-21T00:58:12.345Z info  3f9a2c message`. */
export function formatLogRecord({ timeMs, level, session, message }: LogRecord): string {
  const text = printable(message).replaceAll("\n", "\\n");
  return `${new Date(timeMs).toISOString()} ${level.padEnd(5)} ${session || "-"} ${text}`;
}
