/** Messages about a copy that cannot be verified: they name the side that is wrong. */

import { quotePath } from "../errors.ts";
import type { Failure } from "../protocol/failure.ts";
import { SourceState } from "../streams/send/source_state.ts";

/** A note about a file or link that is sent for the second time. @param source one of `SourceState`. Default: as sent. */
export function sentAgain(path: string, source: number = SourceState.asSent): string {
  return `${quotePath(path)} ${FIRST[source]}: sending it again`;
}

/** The failure of a file or link that is wrong for the second time. @param source one of `SourceState`. Default: as sent. */
export function unverified(path: string, source: number = SourceState.asSent): Failure {
  const { code, state, hint } = SECOND[source];
  return { code, path, message: `Cannot verify ${quotePath(path)}: ${state}`, hint };
}

const FIRST: Record<number, string> = {
  [SourceState.asSent]: "differs at the target",
  [SourceState.changed]: "changed after it was sent",
  [SourceState.misread]: "is not read as it was sent, though its size and times are the same",
  [SourceState.unreadable]: "cannot be read again",
};

const SECOND: Record<number, { code: string; state: string; hint: string }> = {
  [SourceState.asSent]: {
    code: "ECHECKSUM",
    state: "the target differs from the source (SHA-256 differs)",
    hint: "If nothing else writes to it, test the disk and the RAM of the target host",
  },
  [SourceState.changed]: {
    code: "ECHANGED",
    state: "the source changed while it was copied",
    hint: "Copy it again when nothing writes to it",
  },
  [SourceState.misread]: {
    code: "ECHECKSUM",
    state: "the source is not read as it was sent, though its size and times are the same",
    hint: "Test the disk and the RAM of the source host",
  },
  [SourceState.unreadable]: {
    code: "EIO",
    state: "the source cannot be read again",
    hint: "Check the source, then copy it again",
  },
};
