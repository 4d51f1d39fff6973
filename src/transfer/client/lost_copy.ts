/** What is left to be done when a copy was lost on its way, and whether it may be begun again by itself. */

import { TransferLost } from "../transfer_errors.ts";

/** What a later run can do depends on. */
export interface LostCopy {
  resume?: boolean;
  recursive: boolean;
  /** From standard input. */
  fromInput?: boolean;
  /** To standard output. */
  toOutput?: boolean;
  /** A receiver that does not know its own unfinished directories, because it is too old: what the user calls its host. */
  unmarked?: string;
  /** The receiver cannot keep records. Default false. */
  unresumable?: boolean;
}

/** For the user. */
export function hintWhenLost(
  { resume, recursive, fromInput, toOutput, unmarked, unresumable }: LostCopy,
): string | undefined {
  if (fromInput) return "What came on standard input cannot be continued: it has to be sent again";
  if (toOutput) return "What went to standard output cannot be continued: run the same command again for all of it";
  if (unmarked !== undefined && recursive) {
    return `escp on ${unmarked} is too old to know its own unfinished directories, and would copy into them: ` +
      "remove what this copy has made there before you run the same command again";
  }
  if (!resume) return undefined;
  const files = "files that are complete stay as they are";
  if (unresumable && recursive) {
    return "This copy cannot be resumed (-v says why): " +
      "remove the directories that it has created before you run the same command again";
  }
  if (unmarked !== undefined || unresumable) return `Run the same command again: it starts over; ${files}`;
  return `Run the same command again to continue; ${files}`;
}

/**
 * Tells an error what it means for the copy.
 *
 * @param finishing whether the receiver may have finished the copy already.
 */
export function explainLoss(error: unknown, lost: LostCopy, { finishing }: { finishing: boolean }): unknown {
  if (!(error instanceof TransferLost)) return error;
  // The next try would copy into a directory that is not known to be unfinished.
  error.repeatable = !finishing && !(lost.recursive && (lost.unmarked !== undefined || lost.unresumable));
  error.hint = hintWhenLost(lost);
  return error;
}
