/** Events of the library. Fields may be added; existing fields keep their names and meaning. */

import type { TransferEvent } from "../transfer/events.ts";

/** An event of `copy`. Text from ssh and names of files are not escaped: escape them before they reach a terminal. */
export type CopyEvent =
  | ConnectedEvent
  | ProgressEvent
  | FailedEvent
  | NoteEvent
  | RetryEvent
  | SshEvent
  | PlannedEvent
  | ItemEvent
  | DeletedEvent
  | EndEvent;

/** The data connections of a session are open. Each host and each retry has its own session. */
export interface ConnectedEvent {
  /** Kind of the event. */
  readonly type: "connected";
  /** Number of data connections, 1 to 64. */
  readonly streams: number;
  /** Cipher engine: "native" or "portable". */
  readonly engine: string;
  /** Address of the peer's data port, or the route through ssh; undefined on this machine. */
  readonly address?: string;
  /** Name of the remote host; undefined on this machine. */
  readonly host?: string;
}

/** Progress, at most a few times per second. A retry starts the counts over. */
export interface ProgressEvent {
  /** Kind of the event. */
  readonly type: "progress";
  /** Number of files that the receiver has written completely. */
  readonly files: number;
  /** Bytes that the receiver has written, including resumed ones. */
  readonly bytes: number;
  /** Number of files found so far. */
  readonly totalFiles: number;
  /** Bytes of these files. */
  readonly totalBytes: number;
  /** Whether the totals are final. */
  readonly totalKnown: boolean;
  /** Bytes that an earlier copy had left, included in `bytes`. */
  readonly resumed: number;
  /** Path of a large file in progress, from the name of its source on. */
  readonly file?: string;
}

/** A path that failed. Other paths continue. */
export interface Failure {
  /** The path; empty if the failure is about a whole host. */
  readonly path: string;
  /** Whole sentence that names the path: `Cannot read "/a/b": Permission denied`. */
  readonly message: string;
  /** Advice in the imperative. */
  readonly hint?: string;
  /** Error name of the system, such as "ENOSPC". */
  readonly code?: string;
  /** Host of the path, or the host that failed; undefined for this machine. */
  readonly host?: string;
}

/** One path failed. */
export interface FailedEvent extends Failure {
  /** Kind of the event. */
  readonly type: "failed";
}

/** Information that is not a failure. */
export interface NoteEvent {
  /** Kind of the event. */
  readonly type: "note";
  /** Whole sentence or phrase. */
  readonly message: string;
  /** Name of the remote host of the session. */
  readonly host?: string;
}

/** The session was lost. Another one starts after a pause, and resumes the copy. */
export interface RetryEvent {
  /** Kind of the event. */
  readonly type: "retry";
  /** Reason for the loss. */
  readonly message: string;
  /** Length of the pause, in seconds. */
  readonly seconds: number;
  /** Number of retries that remain after this one. */
  readonly left: number;
  /** Name of the remote host. */
  readonly host?: string;
  /** Last line that ssh printed. */
  readonly reason?: string;
}

/** A line that ssh, or a program started by ssh, has printed on standard error. */
export interface SshEvent {
  /** Kind of the event. */
  readonly type: "ssh";
  /** Name of the remote host. */
  readonly host: string;
  /** The line, without its end. */
  readonly line: string;
}

/** An entry of a plan. */
export interface PlannedEntry {
  /**
   * "create": a new directory; "send": another new entry; "replace": an entry over an existing one; "skip": nothing; "remove": an
   * entry that only the target has; "unlink": an entry of the source, with `removeSourceFiles`.
   */
  readonly action: "create" | "send" | "replace" | "skip" | "remove" | "unlink";
  /** Name of the source, and the path below it. */
  readonly path: string;
  /** Size of a file; 0 for other entries. */
  readonly bytes: number;
}

/** The plan for one entry. Only `plan` and `verify` have these events. */
export interface PlannedEvent extends PlannedEntry {
  /** Kind of the event. */
  readonly type: "planned";
}

/** With `itemizeChanges`: the change of one entry. */
export interface ItemEvent {
  /** Kind of the event. */
  readonly type: "item";
  /** Change in the format of rsync: 11 characters YXcstpoguax. */
  readonly item: string;
  /** Name of the source, and the path below it; of a directory with a "/" at its end. */
  readonly path: string;
  /** Target of a symbolic link, or first path of a hard link. */
  readonly target?: string;
}

/** An entry that only the target had was deleted. */
export interface DeletedEvent {
  /** Kind of the event. */
  readonly type: "deleted";
  /** Name of the source, and the path below it; of a directory with a "/" at its end. */
  readonly path: string;
}

/** Counts of a run. */
export interface CopyTotals {
  /** Number of files that were copied; in a plan, that would be copied. */
  readonly files: number;
  /** Bytes of these files. */
  readonly bytes: number;
  /** Bytes that an earlier copy had left, included in `bytes`. */
  readonly resumed: number;
  /** Bytes that were copied from replaced files instead of sent, included in `bytes`. */
  readonly reused?: number;
  /** Number of entries that needed no copy. */
  readonly skipped: number;
  /** Number of paths that failed. */
  readonly failed: number;
  /** With `verify`: number of files and links whose contents were verified. */
  readonly verified?: number;
  /** With `delete`: number of entries that were deleted; in a plan, that would be deleted. */
  readonly deleted?: number;
  /** With `removeSourceFiles`: number of files and links of the source that were removed. */
  readonly removedSources?: number;
  /** With `compress` or `reused`: bytes that the data connections carried. */
  readonly wireBytes?: number;
  /** Whether the copy stopped early, because the target takes no more files. */
  readonly stopped: boolean;
}

/** The last event of a run that reached its end, even if paths failed. */
export interface EndEvent extends CopyTotals {
  /** Kind of the event. */
  readonly type: "end";
}

/** Turns the events of a transfer into those of the library. */
export class EventTranslator {
  #progress: ProgressEvent = {
    ...{ type: "progress", files: 0, bytes: 0, totalFiles: 0, totalBytes: 0, totalKnown: false, resumed: 0 },
  };

  /** Returns the event of the library; undefined if there is none. */
  translate(event: TransferEvent): CopyEvent | undefined {
    switch (event.type) {
      case "connected": {
        const { type, streams, engine, address, host } = event;
        return { type, streams, engine, address, host };
      }
      case "totals":
        return this.#update({ totalFiles: event.files, totalBytes: event.bytes, totalKnown: event.complete });
      case "progress": {
        const { files, bytes, resumed = 0, file } = event;
        return this.#update({ files, bytes, resumed, file });
      }
      case "failed":
        return { type: "failed", ...failureOf(event) };
      case "note":
        return { type: "note", message: event.message, host: event.host };
      case "retry": {
        const { type, message, pauseSeconds, left, host, reason } = event;
        return { type, message, seconds: pauseSeconds, left, host, reason };
      }
      case "planned":
        return { type: "planned", action: event.action, path: event.path, bytes: event.bytes };
      case "item":
        return { type: "item", item: event.item, path: event.path, target: event.target };
      case "deleted":
        return { type: "deleted", path: event.path };
      case "finished":
        return { type: "end", ...totalsOf(event) };
    }
  }

  #update(change: Partial<ProgressEvent>): ProgressEvent {
    return this.#progress = { ...this.#progress, ...change };
  }
}

function failureOf({ path, message, hint, code, host }: Extract<TransferEvent, { type: "failed" }>): Failure {
  return { path, message, hint, code, host };
}

function totalsOf(event: Extract<TransferEvent, { type: "finished" }>): CopyTotals {
  const { files, bytes, resumed = 0, reused, skipped, failed, verified, deleted, stopped = false } = event;
  const { removedSources, wireBytes } = event;
  return { files, bytes, resumed, reused, skipped, failed, verified, deleted, removedSources, wireBytes, stopped };
}
