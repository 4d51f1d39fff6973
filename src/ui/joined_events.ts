/** Combines the events of several copies. */

import type { FailedEvent, FinishedEvent, TransferEvent } from "../transfer/events.ts";

/** Totals and progress of copies. */
interface Counts {
  filesFound: number;
  bytesFound: number;
  files: number;
  bytes: number;
}

const NONE: Counts = { filesFound: 0, bytesFound: 0, files: 0, bytes: 0 };

/** Forwards the events of consecutive copies with counts over all copies. */
export class JoinedEvents {
  readonly #onEvent: (event: TransferEvent) => void;
  /** Number of copies that were not started yet. */
  #left: number;
  /** Counts of the copies before the current one. */
  #before = NONE;
  /** Counts of the current copy. */
  #current = NONE;
  #sum: FinishedEvent = {
    type: "finished",
    files: 0,
    bytes: 0,
    failed: 0,
    skipped: 0,
    streams: 0,
    engine: "",
  };

  /** @param copies Number of copies. */
  constructor(copies: number, onEvent: (event: TransferEvent) => void) {
    this.#left = copies;
    this.#onEvent = onEvent;
  }

  /** Starts the next copy. */
  begin(): void {
    this.#left--;
    const [before, current] = [this.#before, this.#current];
    this.#before = {
      filesFound: before.filesFound + current.filesFound,
      bytesFound: before.bytesFound + current.bytesFound,
      files: before.files + current.files,
      bytes: before.bytes + current.bytes,
    };
    this.#current = NONE;
    this.#onEvent({ type: "connecting" });
  }

  /** Event listener for each copy. */
  readonly onEvent = (event: TransferEvent): void => {
    const before = this.#before;
    if (event.type === "totals") {
      const { files, bytes } = event;
      this.#current = { ...this.#current, filesFound: files, bytesFound: bytes };
      const complete = event.complete && this.#left === 0;
      this.#onEvent({ ...event, files: before.filesFound + files, bytes: before.bytesFound + bytes, complete });
    } else if (event.type === "progress") {
      const { files, bytes } = event;
      this.#current = { ...this.#current, files, bytes };
      this.#onEvent({ ...event, files: before.files + files, bytes: before.bytes + bytes });
    } else if (event.type === "finished") this.#add(event);
    else this.#onEvent(event);
  };

  /** Reports that the current copy ended early. Other copies may follow. */
  failed(event: Pick<FailedEvent, "message" | "hint" | "host" | "reason">): void {
    this.#sum = { ...this.#sum, failed: this.#sum.failed + 1 };
    this.#onEvent({ type: "failed", path: "", ...event });
  }

  /** Reports and returns the sum after the last copy. */
  finish(): FinishedEvent {
    this.#onEvent(this.#sum);
    return this.#sum;
  }

  #add(event: FinishedEvent): void {
    const sum = this.#sum;
    const { files, bytes } = event;
    this.#current = { ...this.#current, files, bytes };
    this.#sum = {
      ...event,
      files: sum.files + files,
      bytes: sum.bytes + bytes,
      resumed: (sum.resumed ?? 0) + (event.resumed ?? 0),
      failed: sum.failed + event.failed,
      skipped: sum.skipped + event.skipped,
      ...wireBytesOf(sum, event),
      ...(event.reused === undefined ? {} : { reused: (sum.reused ?? 0) + event.reused }),
      ...(event.verified === undefined ? {} : { verified: (sum.verified ?? 0) + event.verified }),
      ...(event.deleted === undefined ? {} : { deleted: (sum.deleted ?? 0) + event.deleted }),
      ...(event.removedSources === undefined
        ? {}
        : { removedSources: (sum.removedSources ?? 0) + event.removedSources }),
      ...((event.stopped || sum.stopped) && { stopped: true }),
      ...((event.dummy ?? sum.dummy) && { dummy: event.dummy ?? sum.dummy }),
      streams: Math.max(sum.streams, event.streams),
    };
  }
}

/** Adds wire bytes, which only copies with compression report: all of them or none. */
function wireBytesOf(sum: FinishedEvent, { wireBytes }: FinishedEvent): Pick<FinishedEvent, "wireBytes"> {
  return wireBytes === undefined ? {} : { wireBytes: (sum.wireBytes ?? 0) + wireBytes };
}
