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

/** The connection that carries the session is gone. */
export class SessionLost extends UserError {
  override name = "SessionLost";

  constructor(peer: string, how: string) {
    super(`Cannot go on: the session with ${peer} was lost (${how})`, {
      hint: "Run the same command again to continue; files that are complete stay as they are",
    });
  }
}
