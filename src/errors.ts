/**
 * The two families of expected errors: errors that the user can act on, and violations of the protocol by the peer. Any
 * other error is a bug and keeps its stack.
 */

import { escapePath, quotePath } from "./escape_text.ts";

export { escapePath, quotePath };

/** An error that the user can act on. Its message is complete: "Cannot <operation> <object>: <reason>". */
export class UserError extends Error {
  /** Name of the class. */
  override name = "UserError";
  /** Advice in the imperative, printed on a separate line. Code that knows further consequences for the user may extend it. */
  hint?: string;
  /** Name of the remote host whose session or login failed. Set by the code that knows the host. */
  host?: string;
  /** Last line that ssh printed about the failure, not escaped. */
  readonly reason?: string;

  /** Takes a whole sentence as the message. */
  constructor(message: string, options: { hint?: string; cause?: unknown; host?: string; reason?: string } = {}) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
    this.host = options.host;
    this.reason = options.reason || undefined;
  }
}

/** An invalid command line (exit status 2). */
export class UsageError extends UserError {
  /** Name of the class. */
  override name = "UsageError";
}

/** ssh or the remote escp could not be started (exit status 255). */
export class StartError extends UserError {
  /** Name of the class. */
  override name = "StartError";
}

/** A violation of the protocol by the peer, or by a host that impersonates it. Ends the session. */
export class ProtocolError extends Error {
  /** Name of the class. */
  override name = "ProtocolError";
  /** A short stable word such as "bad-frame". It is sent to the peer. */
  readonly code: string;

  /** Takes the code of the field, and a whole sentence as the message. */
  constructor(code: string, message: string, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
  }
}

/**
 * Received data fails authentication, because of a fault of the network or of memory, or a man in the middle. The data is
 * discarded. The connection cannot be used any more, but another one may work.
 */
export class CorruptionError extends ProtocolError {
  override name = "CorruptionError";
}

/** A failure to read or write one path. The copy continues with the other paths. */
export class FileError extends UserError {
  override name = "FileError";
  /** A verb, such as "read", "write", "create" or "rename". */
  readonly operation: string;
  /** Path as the user would type it, not escaped. */
  readonly path: string;
  /** Name of the system error, such as "ENOSPC", if there is one. */
  readonly code?: string;

  constructor(
    operation: string,
    path: string,
    reason: string,
    options: { code?: string; hint?: string; cause?: unknown } = {},
  ) {
    super(`Cannot ${operation} ${quotePath(path)}: ${reason}`, options);
    this.operation = operation;
    this.path = path;
    this.code = options.code;
  }
}

/** The reader of standard output has exited, as `head` does. Ends the program without a message. */
export class OutputClosed extends UserError {
  override name = "OutputClosed";

  constructor() {
    super("The reader of standard output has exited");
  }
}

/** The user or the system interrupted the program. Used as the reason of an `AbortController`. */
export class Interrupted extends Error {
  override name = "Interrupted";
  /** Advice in the imperative. */
  readonly hint?: string;
  /** Whether the process must exit within 2 s, because the signal will not be repeated (SIGTERM, SIGHUP). */
  readonly urgent: boolean;

  constructor(hint?: string, { urgent = false }: { urgent?: boolean } = {}) {
    super("Interrupted");
    this.hint = hint;
    this.urgent = urgent;
  }
}

/** Returns whether an urgent `Interrupted` aborted the signal. */
export function isUrgent({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof Interrupted && reason.urgent;
}

/** Returns the message of an error for the user, without Deno's suffix "(os error N)" and the call and path after it. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.? \(os error \d+\)(?:: \w+ '.*')?/s, "");
}
