/** What the main thread and a stream's Worker say to each other. */

import type { KeptBackup, Partial } from "../../files/engine/target.ts";
import type { CompareResponse, PackResult, RangeResult } from "../../protocol/data/results.ts";
import type { Failure } from "../../protocol/failure.ts";
import type { StreamJob, StreamKeysOf } from "./job.ts";
import type { ReceiveReport, SendReport, WorkUnit } from "../unit.ts";

/** Main thread to Worker. */
export type ToWorker =
  /** First: what all streams of this Worker have in common. */
  | { type: "job"; job: StreamJob }
  /** Run a stream on these descriptors, which are the Worker's own from now on; two for a relay. */
  | { type: "stream"; stream: number; ends: { keys: StreamKeysOf; descriptor: number }[] }
  /** The answer to "next"; no unit: there will be no more. */
  | { type: "unit"; stream: number; unit?: WorkUnit }
  /** The answer to "partial": undefined for a file that was given up, null for one that never was. */
  | { type: "partial"; stream: number; file: number; partial: Partial | undefined | null }
  /** The answer to "isKept". */
  | { type: "kept"; stream: number; kept: boolean }
  | { type: "forget"; file: number }
  /** End all streams. */
  | { type: "stop" };

/** Worker to main thread. */
export type FromWorker =
  | { type: "next"; stream: number }
  | { type: "partial"; stream: number; file: number }
  /** A stream asks about one file at a time. */
  | { type: "isKept"; stream: number; backup: KeptBackup }
  | { type: "report"; stream: number; report: SendReport | ReceiveReport }
  | { type: "relayed"; stream: number; result: PackResult | RangeResult | CompareResponse }
  | { type: "written"; stream: number; bytes: number }
  | { type: "note"; stream: number; text: string }
  /** The stream has ended; `broken` says why when it did not come to its end. */
  | { type: "ended"; stream: number; wireBytes: number; broken?: StreamBreak };

/** Why a stream broke, as plain data. */
export interface StreamBreak {
  /** What the peer did wrong ends the session, and so do bugs; anything else may be mended by a new connection. */
  kind: "protocol" | "corruption" | "connection" | "bug";
  code: string;
  message: string;
  stack?: string;
  failure?: Failure;
}
