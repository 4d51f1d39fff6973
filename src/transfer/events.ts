import type { Dummy } from "../protocol/control/job.ts";
import type { ItemizedEntry, PlannedEntry } from "../protocol/control/messages.ts";
import type { Failure } from "../protocol/failure.ts";

/**
 * Events of a running transfer, which prints nothing itself. Listeners make a progress line, JSON or a report of them.
 * Counts are totals of the session, so a listener may miss any event but the last.
 */
export type TransferEvent =
  | ConnectingEvent
  | OpeningEvent
  | RetryEvent
  | ConnectedEvent
  | TotalsEvent
  | ProgressEvent
  | CheckingEvent
  | FailedEvent
  | NoteEvent
  | PlannedEvent
  | ItemEvent
  | DeletedEvent
  | FinishedEvent;

/** One of several copies has ended, and ssh starts for the next. It owns the terminal until "connected". */
export interface ConnectingEvent {
  readonly type: "connecting";
}

/** The login is done, or ssh cannot ask for anything, and no stream is open yet. The progress line may use the terminal. */
export interface OpeningEvent {
  readonly type: "opening";
  /** Name of the remote host. */
  readonly host: string;
}

/**
 * The session was lost. After a pause ssh starts for another one, and owns the terminal until "connected". Counts start
 * over: existing bytes count as resumed, or are sent again. The event "finished" counts all sessions.
 */
export interface RetryEvent {
  readonly type: "retry";
  /** The reason. */
  readonly message: string;
  readonly pauseSeconds: number;
  /** Number of further attempts after the next. */
  readonly left: number;
  /** Name of the remote host. */
  readonly host?: string;
  /** Last line that ssh printed, not escaped. */
  readonly reason?: string;
}

/** The first stream is open. ssh does not prompt any more, so the progress line may use the terminal. */
export interface ConnectedEvent {
  readonly type: "connected";
  /** Number of data connections. */
  readonly streams: number;
  /** Whether it is a maximum: the client opens the connections, and knows the round trip. */
  readonly orFewer?: true;
  /** "native" or "portable". */
  readonly engine: string;
  /** Address of the peer's data port, if known. */
  readonly address?: string;
  /** Name of the remote host. */
  readonly host?: string;
}

/** Files and bytes that the walk has found so far. */
export interface TotalsEvent {
  readonly type: "totals";
  readonly files: number;
  readonly bytes: number;
  /** Whether the walk has ended, so that the numbers are final. */
  readonly complete: boolean;
}

/** Files and bytes that the receiver has written. */
export interface ProgressEvent {
  readonly type: "progress";
  /** Number of files in place. */
  readonly files: number;
  readonly bytes: number;
  /** Bytes that an earlier run or session had left, included in `bytes`. Default: 0. */
  readonly resumed?: number;
  /** Bytes of the files in place, included in `bytes`. Default: 0. */
  readonly doneBytes?: number;
  /** With compression: bytes that ended data connections carried from the sender to the receiver. */
  readonly wireBytes?: number;
  /** Path of a large file in progress, from the name of its source on. Not escaped. */
  readonly file?: string;
  /** Bytes that each stream has written so far, by its number. It changes after the event. */
  readonly streams?: ReadonlyMap<number, number>;
}

/** The receiver verifies what an earlier run left of large files, before it resumes them. */
export interface CheckingEvent {
  readonly type: "checking";
  /** Bytes of the files that are being verified; 0 when none is. */
  readonly bytes: number;
}

/** One path could not be copied. The copy of the others continues. */
export interface FailedEvent {
  readonly type: "failed";
  /** Not escaped. */
  readonly path: string;
  /** A whole sentence that names the path, as in `FileError`: `Cannot read "/a/b": Permission denied`. */
  readonly message: string;
  /** Advice for the user. */
  readonly hint?: string;
  /** The system's error name, such as "ENOSPC". */
  readonly code?: string;
  /** Whether the message was printed already. Default: false. */
  readonly isPrinted?: boolean;
  /** The end on whose host the path is. */
  readonly side?: Side;
  /** Name of the remote host on which the path is, or which could not be reached. */
  readonly host?: string;
  /** Last line that ssh printed, not escaped, if the whole copy failed. */
  readonly reason?: string;
}

/** Information for the user that is not a failure. */
export interface NoteEvent {
  readonly type: "note";
  readonly message: string;
  /** Name of the remote host of the session. */
  readonly host?: string;
  /** Whether it is printed with -q too. */
  readonly important?: boolean;
}

/** Plan of a dry run for one entry. */
export interface PlannedEvent extends PlannedEntry {
  readonly type: "planned";
}

/** With --itemize-changes: the change of one entry, as it was decided. */
export interface ItemEvent extends ItemizedEntry {
  readonly type: "item";
}

/** An entry of the target was deleted, because the source lacks it. */
export interface DeletedEvent {
  readonly type: "deleted";
  /** From the name of the source on. Not escaped. */
  readonly path: string;
}

/** The last event, also after failures. */
export interface FinishedEvent {
  readonly type: "finished";
  /** Number of copied files. */
  readonly files: number;
  /** Bytes of these files. */
  readonly bytes: number;
  /** Bytes that an earlier run had left, included in `bytes`. Default: 0. */
  readonly resumed?: number;
  /** Bytes that the receiver has copied from files that it replaced, included in `bytes`. Default: 0. */
  readonly reused?: number;
  /** Number of paths that failed. */
  readonly failed: number;
  /** Number of entries that needed no copy. */
  readonly skipped: number;
  /** With --verify: number of verified files and links. */
  readonly verified?: number;
  /** With --delete: number of entries that were deleted; in a dry run, that would be deleted. */
  readonly deleted?: number;
  /** With --remove-source-files: number of entries of the source that were removed. */
  readonly removedSources?: number;
  /** With compression or `reused`: bytes that the data connections carried from the sender to the receiver. */
  readonly wireBytes?: number;
  /** Whether the copy stopped early, because the target takes no more files. */
  readonly stopped?: boolean;
  /** Ends that used synthetic files. Nothing was copied. */
  readonly dummy?: Dummy;
  /** Number of shards whose results are included. Default: those of this run only. */
  readonly shards?: number;
  /** Whether it was a dry run: `files` and `bytes` would be copied. */
  readonly dryRun?: boolean;
  readonly streams: number;
  readonly engine: string;
}

/** One end of the data. */
export type Side = "sender" | "receiver";

/** Returns the event for a failure of either end. @param side the end on whose host the path is. */
export function failedEvent({ path, message, hint, code }: Failure, side?: Side): FailedEvent {
  return { type: "failed", path, message, hint: hint || undefined, code: code || undefined, ...(side && { side }) };
}
