/** Parts of the protocol that a copy cannot do without: checked before the other end is told of the job. */

import { UserError } from "../../errors.ts";
import type { Hello } from "../../protocol/control/hello.ts";

/** What the user can do about an end that is too old, or too new. */
export const SAME_VERSION = "Install the same version of escp on both machines";

/** A feature without which the copy would be another one than the one that is wanted. */
export interface RequiredFeature {
  /** Its name in the hello. */
  readonly feature: string;
  /** Why there is no copy without it. `host` is what the user calls the other end; `escp` is "escp" and its version. */
  unsupportedMessage(host: string, escp: string): string;
  /** Options without which it is not needed. */
  readonly optionToDrop?: string;
}

/** @throws {UserError} for the first that the other end does not know. */
export function checkRequired(needed: readonly RequiredFeature[], { features, software }: Hello, host: string): void {
  const missing = needed.find(({ feature }) => !features.includes(feature));
  if (!missing) return;
  const { optionToDrop } = missing;
  throw new UserError(missing.unsupportedMessage(host, `escp ${software}`), {
    hint: optionToDrop ? `${SAME_VERSION}, or leave out ${optionToDrop}` : SAME_VERSION,
  });
}
