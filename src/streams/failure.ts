/** Errors as data that crosses threads and the wire. */

import { FileError, quotePath, type UserError } from "../errors.ts";
import { explainFailure } from "../files/stat/explain_failure.ts";
import { MAX_HINT_TEXT, MAX_MESSAGE_TEXT } from "../protocol/limits.ts";
import type { Failure } from "../protocol/failure.ts";
import { cutText } from "../protocol/control/texts.ts";

/** Returns the failure of a path. @throws {unknown} The error itself if it is not a FileError: it ends the transfer. */
export function toFailure(error: unknown): Failure {
  if (!(error instanceof FileError)) throw error;
  return failureOf(explainFailure(error));
}

/** Returns an error within the limits of the wire. Code and path are "" unless it concerns a path. */
export function failureOf(error: UserError): Failure {
  const { message, hint = "" } = error;
  const { code = "", path = "" } = error instanceof FileError ? error : {};
  return { code, path, message: cutText(message, MAX_MESSAGE_TEXT), hint: cutText(hint, MAX_HINT_TEXT) };
}

/** Returns the error for data that does not have its checksum. @param detail what differs from what. */
export function checksumMismatch(path: string, detail: string): FileError {
  return new FileError("confirm", path, detail, {
    code: "ECHECKSUM",
    hint: "Copy it again; if it keeps failing, test the RAM of both machines",
  });
}

/**
 * Returns the failure of a target that does not contain what was sent.
 *
 * @param keptAs name of the wrong file, if it was renamed.
 */
export function digestMismatch(path: string, keptAs?: string): Failure {
  const test = "If nothing else writes to it, test the disk and the RAM of the target host";
  return {
    code: "ECHECKSUM",
    path,
    message: `Cannot verify ${quotePath(path)}: the target differs from the source (SHA-256 differs)`,
    hint: keptAs === undefined ? test : `It is kept as ${keptAs}. ${test}`,
  };
}
