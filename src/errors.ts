/**
 * The two families of errors that are expected: what the user can act on, and what the peer did wrong.
 * Anything else that is thrown is a bug and keeps its stack.
 */

import { escapePath, quotePath } from "./escape_text.ts";

export { escapePath, quotePath };

/** Something the user can act on. Its message stands alone: "Cannot <act> <object>: <state>". */
export class UserError extends Error {
  override name = "UserError";
  /** What to do about it, printed on a line of its own. */
  readonly hint?: string;

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
  }
}

/** A command line that makes no sense (exit status 2). */
export class UsageError extends UserError {
  override name = "UsageError";
}

/** ssh or the remote escp could not be started (exit status 255). */
export class StartError extends UserError {
  override name = "StartError";
}

/** The peer broke the protocol, or pretends to be one. The session ends; `code` goes on the wire. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
  /** A short stable word such as "bad-frame". */
  readonly code: string;

  constructor(code: string, message: string, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
  }
}

/**
 * What came over a connection is not what its peer sealed: a fault of the network or of memory, or somebody in between.
 * None of it was believed. The connection is of no use any more, but another one may be.
 */
export class CorruptionError extends ProtocolError {
  override name = "CorruptionError";
}

/** One path could not be read or written. The copy of the others goes on. */
export class FileError extends UserError {
  override name = "FileError";
  /** The verb: "read", "write", "create", "rename". */
  readonly operation: string;
  /** The path as the user would type it, not escaped. */
  readonly path: string;
  /** The system's error name, such as "ENOSPC", where there is one. */
  readonly code?: string;

  constructor(
    act: string,
    path: string,
    state: string,
    options: { code?: string; hint?: string; cause?: unknown } = {},
  ) {
    super(`Cannot ${act} ${quotePath(path)}: ${state}`, options);
    this.operation = act;
    this.path = path;
    this.code = options.code;
  }
}

/** The user, or the system for the user, asked to stop. Used as the reason of an `AbortController`. */
export class Interrupted extends Error {
  override name = "Interrupted";
  /** What can be done now. */
  readonly hint?: string;
  /** Whether the process must exit within 2 s, because the signal will not be repeated (SIGTERM, SIGHUP). */
  readonly urgent: boolean;

  constructor(hint?: string, { urgent = false }: { urgent?: boolean } = {}) {
    super("Interrupted");
    this.hint = hint;
    this.urgent = urgent;
  }
}

/** Whether it was aborted by an `Interrupted` that is urgent. */
export function isUrgent({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof Interrupted && reason.urgent;
}

/** An error in words for the user, without the number of the system. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/ \(os error \d+\)/, "");
}
