/** Errors that end a session early. */

import { UserError } from "../errors.ts";
import type { Failure } from "../protocol/failure.ts";

/** The peer has aborted the session. */
export class RemoteError extends UserError {
  override name = "RemoteError";
  /** Code of the peer's message. */
  readonly code: string;

  constructor(peer: string, message: string, { code, hint }: { code: string; hint?: string }) {
    super(`Cannot continue: escp on ${peer} reports: ${message}`, { hint });
    this.code = code;
  }
}

/** The receiver has refused the copy, because of its target. */
export class TargetRefused extends UserError {
  override name = "TargetRefused";
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message, { hint: failure.hint || undefined });
    this.failure = failure;
  }
}

/** The connections to the peer were lost. Another session may continue the copy. */
export class TransferLost extends UserError {
  /** Name of the class. */
  override name = "TransferLost";
  /** The part of the message after "Cannot continue: ". */
  readonly what: string;
  /**
   * Whether the copy can be repeated automatically. False if the receiver may have finished it already: a repeated copy would
   * copy into the finished directory.
   */
  readonly repeatable: boolean;

  /** Takes the part of the message after "Cannot continue: ". */
  constructor(
    what: string,
    { repeatable = true, ...options }: {
      repeatable?: boolean;
      hint?: string;
      cause?: unknown;
      host?: string;
      reason?: string;
    } = {},
  ) {
    super(`Cannot continue: ${what}`, options);
    this.what = what;
    this.repeatable = repeatable;
  }
}

/** The connection that carries the control channel was lost. */
export class SessionLost extends TransferLost {
  override name = "SessionLost";

  /** @param lastError last line that ssh printed, if known. */
  constructor(peer: string, how: string, lastError?: string) {
    super(`the session with ${peer} was lost (${how})`, { reason: lastError });
  }
}
