import { printable } from "../escape_text.ts";

/** From the gravest to the most talkative. */
export const LOG_LEVELS = ["error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

/** One thing that was logged: plain data, so that a Worker can post it. */
export interface LogRecord {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  readonly level: LogLevel;
  /** Short; empty before the session has an id. */
  readonly session: string;
  readonly message: string;
}

/** Where records go. */
export type LogSink = (record: LogRecord) => void;

export interface LogOptions {
  /** Everything up to this level is logged. */
  readonly level: LogLevel;
  readonly sink: LogSink;
  readonly session?: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** A message, or how to make it when it is wanted: building it may cost something on the way of every block. */
export type LogMessage = string | (() => string);

/**
 * A leveled log. Keys, secrets and file contents must never be given to it, at any level: logs are mailed around.
 */
export class Log {
  /** The short id of the session, once it is known. */
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

  /** Whether a message of this level goes anywhere. */
  isOn(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(this.level);
  }

  /** Takes in a record that was made elsewhere, such as in a Worker. */
  add(record: LogRecord): void {
    if (this.isOn(record.level)) this.#sink(record);
  }

  #write(level: LogLevel, message: LogMessage): void {
    if (!this.isOn(level)) return;
    const text = typeof message === "string" ? message : message();
    this.#sink({ timeMs: this.#now(), level, session: this.session, message: text });
  }
}

/** The level for so many -v: none shows warnings, -v info, -vv debug, -vvv and more trace. `quiet` leaves errors. */
export function logLevelFor({ verbose, quiet }: { verbose: number; quiet: boolean }): LogLevel {
  if (verbose <= 0) return quiet ? "error" : "warn";
  return LOG_LEVELS[Math.min(1 + verbose, LOG_LEVELS.length - 1)];
}

/** `2025-11-21T00:58:12.345Z info  3f9a2c message`: always one line, safe for a terminal, no line break at its end. */
export function formatLogRecord({ timeMs, level, session, message }: LogRecord): string {
  const text = printable(message).replaceAll("\n", "\\n");
  return `${new Date(timeMs).toISOString()} ${level.padEnd(5)} ${session || "-"} ${text}`;
}
