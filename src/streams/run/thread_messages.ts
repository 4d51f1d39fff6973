/** Messages between the main thread and the Workers of streams. */

import type { KeptBackup } from "../../files/engine/target_place.ts";
import type { Partial } from "../../files/engine/partial_file.ts";
import type { SignatureResponse, UnitResult } from "../../protocol/data/results.ts";
import type { ConnectionKeys, StreamJob } from "./job.ts";
import type { ReceiveReport, SendReport } from "../report.ts";
import type { WorkUnit } from "../unit.ts";

/** Main thread to Worker. */
export type ToWorker =
  /** First message: the job of all streams of this Worker. */
  | { type: "job"; job: StreamJob }
  /** Runs a stream on these descriptors, which the Worker owns from now on; two for a relay. */
  | { type: "stream"; stream: number; ends: { keys: ConnectionKeys; descriptor: number }[] }
  /** Answer to "next"; no unit: all work is done. */
  | { type: "unit"; stream: number; unit?: WorkUnit }
  /** Answer to "partial": undefined for a file that was given up, null for one that was never opened. */
  | { type: "partial"; stream: number; file: number; partial: Partial | undefined | null }
  /** Answer to "isKept". */
  | { type: "kept"; stream: number; kept: boolean }
  /** Closes a large file that is finished or given up. */
  | { type: "forget"; file: number }
  /** Records the blocks of a large file from now on. */
  | { type: "journal"; file: number; path: string }
  /** Ends all streams. */
  | { type: "stop" };

/** Worker to main thread. */
export type FromWorker =
  | { type: "next"; stream: number }
  | { type: "partial"; stream: number; file: number }
  /** A stream waits for the answer before the next request. */
  | { type: "isKept"; stream: number; backup: KeptBackup }
  | { type: "report"; stream: number; report: SendReport | ReceiveReport }
  | { type: "relayed"; stream: number; result: Exclude<UnitResult, SignatureResponse> }
  | { type: "written"; stream: number; bytes: number }
  | { type: "note"; stream: number; text: string }
  /** The stream has ended, or `broken` is why it broke. */
  | { type: "ended"; stream: number; wireBytes: number; broken?: StreamBreak };

/** Reason why a stream broke, as plain data. */
export interface StreamBreak {
  /** Protocol errors and bugs end the session. After others a new connection may help. */
  kind: "protocol" | "corruption" | "connection" | "bug";
  code: string;
  message: string;
  stack?: string;
}
