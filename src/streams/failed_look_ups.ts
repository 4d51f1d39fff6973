/** Users and groups that a directory service could not look up. */

import { messageOf } from "../errors.ts";
import type { AccountKind } from "../native/file/account_calls.ts";

/** Maximum number of look-ups of one user or group. Each may take as long as the time limit of a directory service. */
const MAX_ATTEMPTS = 3;

/** Counts failed look-ups, and reports the reason of the first one. */
export class FailedLookUps {
  readonly #onFirst: (reason: string) => void;
  readonly #attempts = new Map<string, number>();

  constructor(onFirst: (reason: string) => void) {
    this.#onFirst = onFirst;
  }

  /** Counts a failure. Returns whether another attempt is worthwhile. @param key number or name. */
  add(kind: AccountKind, key: number | string, error: unknown): boolean {
    if (this.#attempts.size === 0) this.#onFirst(messageOf(error));
    const attempts = (this.#attempts.get(`${kind}:${key}`) ?? 0) + 1;
    this.#attempts.set(`${kind}:${key}`, attempts);
    return attempts < MAX_ATTEMPTS;
  }
}
