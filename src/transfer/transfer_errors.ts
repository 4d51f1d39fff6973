/** How a session can end too early. */

import { UserError } from "../errors.ts";

/** The other end gave up and says why. */
export class RemoteError extends UserError {
  override name = "RemoteError";
  /** The peer's word for it. */
  readonly code: string;

  constructor(peer: string, message: string, { code, hint }: { code: string; hint?: string }) {
    super(`Cannot go on: escp on ${peer} says: ${message}`, { hint });
    this.code = code;
  }
}

/** The connections to the other end are gone, though neither end wanted that: another session may go on. */
export class TransferLost extends UserError {
  override name = "TransferLost";
  /** As in "Cannot go on: WHAT". */
  readonly what: string;
  /**
   * Whether the same copy may be begun again by itself. Not when the receiver may have finished it already: what is then
   * a directory like any other would be taken for one to copy into.
   */
  repeatable = true;
  /** What to do about it; only who knows the copy can tell (lost_copy.ts). */
  declare hint?: string;

  constructor(what: string) {
    super(`Cannot go on: ${what}`);
    this.what = what;
  }
}

/** The connection that carries the session is gone. */
export class SessionLost extends TransferLost {
  override name = "SessionLost";

  constructor(peer: string, how: string) {
    super(`the session with ${peer} was lost (${how})`);
  }
}
