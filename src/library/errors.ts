/** Errors of the library. Those of escp itself are exported with them. */

import { UserError } from "../errors.ts";
import type { Failure } from "./events.ts";

export { ProtocolError, StartError, UsageError, UserError } from "../errors.ts";
export { UntrustedServer } from "../serve/untrusted_server.ts";
export { TransferLost } from "../transfer/transfer_errors.ts";

/** A run reached its end, but some paths failed. With `throwOnFailure: false` it returns the result instead. */
export class IncompleteError<Result extends { failures: readonly Failure[] }> extends UserError {
  /** Name of the class. */
  override name = "IncompleteError";
  /** The result of the run. */
  readonly result: Result;

  /**
   * Describes the first failure.
   *
   * @param operation a verb for the message, such as "copy".
   * @param failed number of paths that failed.
   */
  constructor(operation: string, failed: number, result: Result) {
    const [first] = result.failures;
    const paths = failed === 1 ? "1 path" : `${failed} paths`;
    super(`Cannot ${operation} ${paths}${first ? `: ${first.message}` : ""}${failed > 1 ? "; and others" : ""}`, {
      hint: first?.hint,
      host: first?.host,
    });
    this.result = result;
  }
}
