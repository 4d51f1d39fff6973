/** Errors of single paths as words that cross threads and the wire. */

import { FileError, UserError } from "../errors.ts";
import type { Failure } from "../protocol/results.ts";

/** @throws whatever is not a FileError: it is no failure of a path, but ends more than one file. */
export function toFailure(error: unknown): Failure {
  if (!(error instanceof FileError)) throw error;
  return { code: error.code ?? "", path: error.path, message: error.message, hint: error.hint ?? "" };
}

/** The failure as an error again, for whoever prints errors. */
export function toError(failure: Failure): UserError {
  return new UserError(failure.message, { hint: failure.hint || undefined });
}
