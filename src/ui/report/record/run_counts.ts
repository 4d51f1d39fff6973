/** Counts of a run over all its sessions, which count from their own start. */

import type { TransferEvent } from "../../../transfer/events.ts";
import { MAX_CONNECTIONS } from "./connections.ts";

const NONE = { files: 0, bytes: 0, resumed: 0, filesFound: 0, bytesFound: 0 };

const ZERO = { moved: 0, files: 0, bytes: 0, resumed: 0 };

/** Adds up the sessions. */
export class RunCounts {
  #before = ZERO;
  /** Counts before the first session of the current transfer. */
  #beforeTransfer = ZERO;
  #current = NONE;
  #session = -1;
  #streams: ReadonlyMap<number, number> = new Map();
  readonly #columns = new Set<string>();

  /** Begins the next session. After a lost one, `isRetry`: files and bytes start over, but what was written counts. */
  begin({ isRetry }: { isRetry: boolean }): void {
    this.#end(isRetry ? { ...this.#current, files: 0, kept: 0 } : this.#current);
    if (!isRetry) this.#beforeTransfer = this.#before;
    this.#session++;
    this.#streams = new Map();
  }

  /** Adds an event of the session. */
  add(event: TransferEvent): void {
    switch (event.type) {
      case "totals":
        this.#current = { ...this.#current, filesFound: event.files, bytesFound: event.bytes };
        break;
      case "progress":
        this.#current = {
          ...this.#current,
          files: Math.max(this.#current.files, event.files),
          bytes: Math.max(this.#current.bytes, event.bytes),
          resumed: event.resumed ?? 0,
        };
        this.#streams = event.streams ?? this.#streams;
        break;
      case "finished":
        if (event.dryRun) break;
        // The event counts all sessions of the transfer. Data that lost ones have written may have been sent again.
        this.#before = this.#beforeTransfer;
        this.#end(event);
        break;
    }
  }

  /** Number of files in place. */
  get files(): number {
    return this.#before.files + this.#current.files;
  }

  /** Bytes at the target, including resumed ones. */
  get written(): number {
    return this.#before.bytes + this.#current.bytes;
  }

  /** Bytes that an earlier run had left, included in `written`. */
  get resumed(): number {
    return this.#before.resumed + this.#current.resumed;
  }

  /** Bytes that this run has written. */
  get moved(): number {
    return this.#before.moved + Math.max(0, this.#current.bytes - this.#current.resumed);
  }

  /** Returns the cells of a row. */
  cells(): [column: string, value: number][] {
    const cells: [string, number][] = [
      ["written", this.moved],
      ["files", this.files],
      ["filesFound", this.#before.files + this.#current.filesFound],
      ["bytesFound", this.#before.bytes + this.#current.bytesFound],
    ];
    for (const [stream, bytes] of this.#streams) {
      const column = `written ${this.#session} ${stream}`;
      if (this.#columns.size < MAX_CONNECTIONS) this.#columns.add(column);
      if (this.#columns.has(column)) cells.push([column, bytes]);
    }
    return cells;
  }

  #end(
    { files, bytes, resumed = 0, kept = bytes }: { files: number; bytes: number; resumed?: number; kept?: number },
  ): void {
    const before = this.#before;
    this.#before = {
      moved: before.moved + Math.max(0, bytes - resumed),
      files: before.files + files,
      bytes: before.bytes + kept,
      resumed: before.resumed + (kept > 0 ? resumed : 0),
    };
    this.#current = NONE;
  }
}
