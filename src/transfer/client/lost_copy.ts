/** Consequences of a lost session for a copy: whether it can be repeated automatically, and what the user can do. */

import { Interrupted, UserError } from "../../errors.ts";
import { TransferLost } from "../transfer_errors.ts";

/** Properties of a copy that decide what a later run can do. */
export interface LostCopy {
  resume?: boolean;
  recursive: boolean;
  /** Whether the source is standard input. */
  fromInput?: boolean;
  /** Whether the target is standard output. */
  toOutput?: boolean;
  /** Name of the receiving host if its escp is too old to recognize its own unfinished directories. */
  unmarked?: string;
  /** Whether the receiver cannot keep records. Default: false. */
  unresumable?: boolean;
  /** Whether the sender removes its sources at the end. */
  removesSources?: boolean;
  /** Whether the copy has used up a one-time URL: the server has accepted its key. */
  isUsedUp?: boolean;
}

/** Hint if the sender may have begun to remove its sources. */
const MAY_BE_REMOVED = "The copy may be complete, and some sources may be removed already: " +
  "compare the remaining sources with the target before you copy them again";

/** Hint if the server of the session accepts no further one. */
const USED_UP = "The one-time URL is used up: start escp --serve --once again, and use its new URL";

/** Returns the hint for the user; undefined if there is none. */
export function hintWhenLost(lost: LostCopy): string | undefined {
  const { resume, recursive, fromInput, toOutput, unmarked, unresumable, isUsedUp } = lost;
  const startsOver = unmarked !== undefined || unresumable;
  if (isUsedUp) {
    if (recursive && startsOver) return `${USED_UP}, after you have removed the directories that this copy has created`;
    const canResume = resume && !fromInput && !toOutput && !startsOver;
    return canResume ? `${USED_UP} to resume; completed files are kept` : USED_UP;
  }
  if (fromInput) return "Standard input cannot be resumed: send the data again";
  if (toOutput) return "Standard output cannot be resumed: run the same command again to receive all of it";
  if (unmarked !== undefined && recursive) {
    return `escp on ${unmarked} is too old to recognize its own unfinished directories: ` +
      "remove the directories that this copy has created, then run the same command again";
  }
  if (!resume) return undefined;
  const files = "completed files are kept";
  if (unresumable && recursive) {
    return "This copy cannot be resumed (-v prints the reason): " +
      "remove the directories that it has created, then run the same command again";
  }
  if (startsOver) return `Run the same command again: it starts over; ${files}`;
  return `Run the same command again to resume; ${files}`;
}

/**
 * Returns a lost or interrupted transfer with its consequences for the copy. Any other error only names a used-up URL.
 *
 * @param options.finishing whether the receiver may have finished the copy already.
 */
export function explainLoss(error: unknown, lost: LostCopy, { finishing }: { finishing: boolean }): unknown {
  const mayBeRemoved = finishing && lost.removesSources;
  if (error instanceof Interrupted && mayBeRemoved) return new Interrupted(MAY_BE_REMOVED, { urgent: error.urgent });
  if (!(error instanceof TransferLost)) {
    if (lost.isUsedUp && error instanceof UserError) error.hint = error.hint ? `${error.hint}. ${USED_UP}` : USED_UP;
    return error;
  }
  // A repeated copy would not recognize an unfinished directory, and copy into it.
  const isMarked = !(lost.recursive && (lost.unmarked !== undefined || lost.unresumable));
  const { host, reason } = error;
  const repeatable = !finishing && isMarked && !lost.isUsedUp;
  const hint = mayBeRemoved ? MAY_BE_REMOVED : hintWhenLost(lost);
  return new TransferLost(error.what, { hint, repeatable, host, reason, cause: error });
}
