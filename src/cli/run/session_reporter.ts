/** Reports a session to the server that has started this remote end. */

import { messageOf } from "../../errors.ts";
import { writeStderr } from "../../log/write_all.ts";
import { formatReport, type SessionReport } from "../../serve/server/session_report.ts";
import { ControlLost } from "../../session/model/control_errors.ts";
import type { TransferEvent } from "../../transfer/events.ts";
import type { SessionTask } from "../../transfer/remote/session_limits.ts";

/** Minimum time between reports of progress, in milliseconds. */
const INTERVAL_MS = 1_000;

/** Writes reports to standard error. */
export class SessionReporter {
  #report: SessionReport | undefined;
  #reportedMs = 0;

  /** Reports the task of the client. */
  begin({ task, paths, variant }: SessionTask): void {
    this.#report = { task, variant, paths, files: 0, bytes: 0, failed: 0, deleted: 0, state: "running" };
    this.#write();
  }

  /** Reports progress, at most once per second. */
  onEvent(event: TransferEvent): void {
    const report = this.#report;
    if (!report) return;
    if (event.type === "progress") this.#report = { ...report, files: event.files, bytes: event.bytes };
    else if (event.type === "failed") this.#report = { ...report, failed: report.failed + 1 };
    else if (event.type === "deleted") this.#report = { ...report, deleted: report.deleted + 1 };
    else if (event.type === "finished") {
      const { files, bytes, failed, deleted = 0, removedSources = 0 } = event;
      this.#report = { ...report, files, bytes, failed, deleted: deleted + removedSources };
    }
    if (performance.now() - this.#reportedMs >= INTERVAL_MS) this.#write();
  }

  /** Reports the end. @param error The error that ended the session early. */
  end(error?: unknown): void {
    if (!this.#report) return;
    this.#report = error === undefined
      ? { ...this.#report, state: "finished" }
      : { ...this.#report, state: "aborted", reason: reasonOf(error) };
    this.#write();
  }

  #write(): void {
    this.#reportedMs = performance.now();
    writeStderr(formatReport(this.#report!));
  }
}

function reasonOf(error: unknown): string {
  return error instanceof ControlLost ? "the client has disconnected" : messageOf(error);
}
