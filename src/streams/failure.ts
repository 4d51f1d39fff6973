/** Errors of single paths as words that cross threads and the wire. */

import { FileError, UserError } from "../errors.ts";
import { MAX_HINT_TEXT, MAX_MESSAGE_TEXT } from "../protocol/limits.ts";
import type { Failure } from "../protocol/failure.ts";
import { cutText } from "../protocol/control/texts.ts";

/** @throws whatever is not a FileError: it is no failure of a path, but ends more than one file. */
export function toFailure(error: unknown): Failure {
  if (!(error instanceof FileError)) throw error;
  const message = cutText(error.message, MAX_MESSAGE_TEXT);
  return { code: error.code ?? "", path: error.path, message, hint: cutText(error.hint ?? "", MAX_HINT_TEXT) };
}

/** The failure as an error again, for whoever prints errors. */
export function toError(failure: Failure): UserError {
  return new UserError(failure.message, { hint: failure.hint || undefined });
}
