/** Parts of the protocol that a job requires. They are checked before the job is sent. */

import { UserError } from "../../errors.ts";
import type { Hello } from "../../protocol/control/hello.ts";

/** Hint about a peer that is too old or too new. */
export const SAME_VERSION = "Install the same version of escp on both machines";

/** A feature without which the result would not be the requested one. */
export interface RequiredFeature {
  /** Name in the hello. */
  readonly feature: string;
  /** Returns the error if it is missing. @param host name of the remote host. @param escp "escp" and its version. */
  unsupportedMessage(host: string, escp: string): string;
  /** Options that require it. */
  readonly optionToDrop?: string;
}

/** Checks the hello of the peer. @throws {UserError} for the first feature that it lacks. */
export function checkRequired(needed: readonly RequiredFeature[], { features, software }: Hello, host: string): void {
  const missing = needed.find(({ feature }) => !features.includes(feature));
  if (!missing) return;
  const { optionToDrop } = missing;
  throw new UserError(missing.unsupportedMessage(host, `escp ${software}`), {
    hint: optionToDrop ? `${SAME_VERSION}, or omit ${optionToDrop}` : SAME_VERSION,
  });
}
