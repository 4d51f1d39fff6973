/** Messages about entries that cannot be verified. They name the host that is wrong. */

import { quotePath } from "../errors.ts";
import type { Failure } from "../protocol/failure.ts";
import { digestMismatch } from "../streams/failure.ts";
import { SourceState } from "../streams/report.ts";

/** Returns the note about an entry that is sent for the second time. @param source one of `SourceState`. Default: as sent. */
export function sentAgain(path: string, source: number = SourceState.asSent): string {
  return `${quotePath(path)} ${DIFFERENCES[source]}: sending it again`;
}

/** Returns the failure of an entry that is wrong for the second time. @param source one of `SourceState`. Default: as sent. */
export function unverified(path: string, source: number = SourceState.asSent): Failure {
  if (source === SourceState.asSent) return digestMismatch(path);
  const { code, reason, hint } = SOURCE_FAILURES[source];
  return { code, path, message: `Cannot verify ${quotePath(path)}: ${reason}`, hint };
}

const DIFFERENCES: Record<number, string> = {
  [SourceState.asSent]: "differs at the target",
  [SourceState.changed]: "changed after it was sent",
  [SourceState.misread]: "does not read as it was sent, but its size and times are unchanged",
  [SourceState.unreadable]: "cannot be read again",
};

const SOURCE_FAILURES: Record<number, { code: string; reason: string; hint: string }> = {
  [SourceState.changed]: {
    code: "ECHANGED",
    reason: "the source changed while it was copied",
    hint: "Copy it again when nothing writes to it",
  },
  [SourceState.misread]: {
    code: "ECHECKSUM",
    reason: "the source does not read as it was sent, but its size and times are unchanged",
    hint: "Test the disk and the RAM of the source host",
  },
  [SourceState.unreadable]: {
    code: "EIO",
    reason: "the source cannot be read again",
    hint: "Check the source, then copy it again",
  },
};
