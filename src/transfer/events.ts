import type { Dummy } from "../protocol/control/job.ts";
import type { PlannedEntry } from "../protocol/control/messages.ts";
import type { Failure } from "../protocol/failure.ts";

/**
 * What a transfer says about itself while it runs. The transfer prints nothing: whoever listens makes a progress line,
 * JSON or a report of it. Counts are cumulative over the whole session, so a listener may miss any event but the last.
 */
export type TransferEvent =
  | ConnectingEvent
  | RetryEvent
  | ConnectedEvent
  | TotalsEvent
  | ProgressEvent
  | FileEvent
  | FailedEvent
  | NoteEvent
  | PlannedEvent
  | FinishedEvent;

/** One copy of several is over, and ssh is started for the next: the terminal is its own until "connected". */
export interface ConnectingEvent {
  readonly type: "connecting";
}

/**
 * The session was lost; after a pause ssh is started for another one, and the terminal is its own until "connected".
 * Counts begin again: what is there already is counted as resumed, or sent once more.
 */
export interface RetryEvent {
  readonly type: "retry";
  /** What happened. */
  readonly message: string;
  readonly pauseSeconds: number;
  /** Tries after that one. */
  readonly left: number;
}

/** Both ends know each other and the streams are up. ssh asks for nothing any more: the terminal is free to draw on. */
export interface ConnectedEvent {
  readonly type: "connected";
  /** Connections that carry data. */
  readonly streams: number;
  /** The other end opens them, and perhaps fewer: it knows how long the way is. */
  readonly orFewer?: true;
  /** "native" or "portable". */
  readonly engine: string;
  /** Of the other end's data port, where there is one. */
  readonly address?: string;
}

/** What the walk has found so far. */
export interface TotalsEvent {
  readonly type: "totals";
  readonly files: number;
  readonly bytes: number;
  /** The walk has ended: the numbers will not change any more. */
  readonly complete: boolean;
}

/** What is written on the receiving side. */
export interface ProgressEvent {
  readonly type: "progress";
  /** Files that are done, attributes included. */
  readonly files: number;
  readonly bytes: number;
  /** Of the bytes those that an earlier copy had left there; left out: none. */
  readonly resumed?: number;
}

/** One file is done. Sent only when someone asked to hear of every file (-v). */
export interface FileEvent {
  readonly type: "file";
  /** Not escaped. */
  readonly path: string;
  readonly bytes: number;
}

/** One path could not be copied; the others go on. */
export interface FailedEvent {
  readonly type: "failed";
  /** Not escaped. */
  readonly path: string;
  /** A whole sentence that names the path, as in `FileError`: `Cannot read "/a/b": Permission denied`. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** The user has seen the message already. */
  readonly told?: boolean;
}

/** Something the user should know, though nothing went wrong. */
export interface NoteEvent {
  readonly type: "note";
  readonly message: string;
}

/** What a dry run would do with one entry. */
export interface PlannedEvent extends PlannedEntry {
  readonly type: "planned";
}

/** The last event, also after failures. */
export interface FinishedEvent {
  readonly type: "finished";
  /** Files that were copied. */
  readonly files: number;
  /** Bytes of these files. */
  readonly bytes: number;
  /** Of the bytes those that an earlier copy had left there; left out: none. */
  readonly resumed?: number;
  /** Paths that were not copied because of an error. */
  readonly failed: number;
  /** Files that needed no copy. */
  readonly skipped: number;
  /** Where it was asked for: files and links that were read again and are what they should be. */
  readonly verified?: number;
  /** Where compression was asked for: bytes that the data connections carried from the sender to the receiver. */
  readonly wireBytes?: number;
  /** Ends that worked with dummies instead of files: nothing was copied. */
  readonly dummy?: Dummy;
  /** Nothing was written: `files` and `bytes` are what would be copied. */
  readonly dryRun?: boolean;
  /** From the "connected" event on. */
  readonly elapsedMs: number;
  readonly streams: number;
  readonly engine: string;
}

/** Returns the event for a failure of either side. */
export function failedEvent({ path, message, hint }: Failure): FailedEvent {
  return { type: "failed", path, message, hint: hint || undefined };
}
