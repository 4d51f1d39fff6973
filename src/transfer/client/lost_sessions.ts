/** Counts of the sessions of a copy that were lost. Without them, the last event would describe only the last session. */

import type { FinishedEvent, TransferEvent } from "../events.ts";

/** Counts of one session. */
interface Counts {
  files: number;
  bytes: number;
  resumed: number;
  doneBytes: number;
  wireBytes: number;
}

const NONE: Counts = { files: 0, bytes: 0, resumed: 0, doneBytes: 0, wireBytes: 0 };

/** Bytes that a lost session may have written in addition to those that its receiver had confirmed, or as many as these. */
const UNCONFIRMED_BYTES = 64 << 20;

/** Adds the counts of lost sessions to those of the last one. */
export class LostSessions {
  /** Progress of the current session. */
  #current = NONE;
  /** Number of files that lost sessions have completed, and their bytes. */
  #files = 0;
  #doneBytes = 0;
  /** Bytes that existed before the first session. */
  #resumed = 0;
  /** Bytes in partial files, which the next session finds as resumed. */
  #partial = 0;
  #wireBytes = 0;
  /** Entries that the current session and lost ones have deleted. */
  #deleted = { current: 0, lost: 0 };
  /** Bytes that lost sessions have sent; undefined if none was connected. */
  #sent: number | undefined;
  #isConnected = false;

  /** Returns the event, with the counts of all sessions if it is the last one. */
  add(event: TransferEvent): TransferEvent {
    if (event.type === "finished") return this.#sum(event);
    if (event.type === "connected") this.#isConnected = true;
    if (event.type === "deleted") this.#deleted.current++;
    if (event.type !== "progress") return event;
    const { files, bytes, resumed = 0, doneBytes = 0, wireBytes = 0 } = event;
    this.#current = { files, bytes, resumed, doneBytes, wireBytes };
    return event;
  }

  /** Ends the current session, which was lost. */
  lost(): void {
    const { files, bytes, resumed, doneBytes, wireBytes } = this.#current;
    this.#current = NONE;
    this.#deleted = { current: 0, lost: this.#deleted.lost + this.#deleted.current };
    this.#files += files;
    this.#doneBytes += doneBytes;
    this.#wireBytes += wireBytes;
    this.#resumed += this.#fromEarlierRun(resumed);
    if (this.#isConnected) this.#sent = (this.#sent ?? 0) + Math.max(0, bytes - resumed);
    this.#isConnected = false;
    this.#partial = Math.max(0, this.#partial - resumed) + Math.max(0, bytes - doneBytes);
  }

  /** Returns how many bytes that the current session has resumed are not from lost sessions. */
  #fromEarlierRun(resumed: number): number {
    const others = Math.max(0, resumed - this.#partial);
    const unconfirmed = this.#sent === undefined ? 0 : Math.max(UNCONFIRMED_BYTES, this.#sent);
    return others > unconfirmed ? others : 0;
  }

  #sum(event: FinishedEvent): FinishedEvent {
    // The last session has skipped files of lost sessions, unless it has sent them again.
    const files = Math.min(this.#files, event.skipped);
    const bytes = event.bytes + (files > 0 ? Math.round(this.#doneBytes * files / this.#files) : 0);
    const resumed = this.#resumed + this.#fromEarlierRun(event.resumed ?? 0);
    return {
      ...event,
      files: event.files + files,
      bytes,
      resumed: Math.min(resumed, bytes),
      skipped: event.skipped - files,
      ...(event.deleted !== undefined && { deleted: event.deleted + this.#deleted.lost }),
      ...(event.wireBytes !== undefined && { wireBytes: event.wireBytes + this.#wireBytes }),
    };
  }
}
