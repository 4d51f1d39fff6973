/** A failure of one entry, as it is sent in results and control messages. */

import * as shape from "./control/shape.ts";
import { MAX_HINT_TEXT, MAX_MESSAGE_TEXT, MAX_PATH_TEXT } from "./limits.ts";

/** The failure of one path. Each text may be empty. */
export interface Failure {
  /** The system's error name, such as "ENOSPC". */
  code: string;
  /** The path on the host where it failed. */
  path: string;
  /** Text for the user: "Cannot write "/data/a": No space left on device". */
  message: string;
  /** Hint for the user. */
  hint: string;
}

/** Parses a failure of a control message. @throws {ProtocolError} code "bad-message". */
export function parseFailure(value: unknown, name: string): Failure {
  const fields = shape.asObject(value, name);
  return {
    code: shape.text(fields, "code", 64),
    path: shape.text(fields, "path", MAX_PATH_TEXT),
    message: shape.text(fields, "message", MAX_MESSAGE_TEXT),
    hint: shape.text(fields, "hint", MAX_HINT_TEXT),
  };
}

/** Operation of a failure that leaves the entry complete except for extended attributes. Follows "Cannot". */
export const SETTING_XATTRS = "set extended attributes of";

/** Operation of a failure that leaves the entry complete except for its time. Follows "Cannot". */
export const SETTING_TIME = "set the time of";

/** Returns whether the entry has its final name and lacks only extended attributes or its time. */
export function isPlaced({ message }: Failure): boolean {
  return [SETTING_XATTRS, SETTING_TIME].some((operation) => message.startsWith(`Cannot ${operation} `));
}

/** Code of a file in pieces that the sender has to announce, because it must be written in place. */
const MUST_BE_ANNOUNCED = "EANNOUNCE";

/** Returns the outcome of such a file. It is not a failure for the user. */
export function mustBeAnnounced(): Failure {
  return { code: MUST_BE_ANNOUNCED, path: "", message: "Cannot write a file in pieces", hint: "" };
}

/** Returns whether the sender has to announce the file. */
export function isToBeAnnounced({ code }: Failure): boolean {
  return code === MUST_BE_ANNOUNCED;
}

/** Reasons for which a target takes no more files, by the system's error name. */
const FULL_TARGETS: Record<string, string> = {
  ENOSPC: "no space is left on the target",
  EDQUOT: "the quota on the target is exceeded",
  EROFS: "the target is read-only",
};

/** Returns the reason if the target takes no more files; undefined if another file may succeed. */
export function fullTargetReason(failure: Failure): string | undefined {
  // A file system has a separate limit for extended attributes, which it reports with the same name.
  return isPlaced(failure) ? undefined : FULL_TARGETS[failure.code];
}
