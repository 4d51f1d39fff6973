/** Connection of a receiving stream with the main thread. */

import type { KeptBackup } from "../../files/engine/target_place.ts";
import type { Partial } from "../../files/engine/partial_file.ts";
import type { ReceiveReport } from "../report.ts";

/** Callbacks of a receiving stream. May live on another thread. */
export interface ReceiveHost {
  /**
   * Returns the partial file of a large file that the main thread has opened; undefined if it was given up since.
   *
   * @throws {ProtocolError} if it was never opened.
   */
  partial(file: number): Promise<Partial | undefined>;
  /** Returns whether a file is a backup of this copy whose successor is not verified yet. */
  isKept(backup: KeptBackup): Promise<boolean>;
  /** Called after a write, before the sender gets the result. */
  report(report: ReceiveReport): void;
  /** Called with the bytes written on this stream so far, including bytes that an earlier run had written. */
  written(bytes: number): void;
  /** Reports a note for the user. Several streams may report the same one. */
  note(text: string): void;
}
