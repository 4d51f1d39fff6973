/** The events of several copies, told as those of one. */

import type { FinishedEvent, TransferEvent } from "../transfer/events.ts";

/** What one copy has told of itself. */
interface Counts {
  filesFound: number;
  bytesFound: number;
  files: number;
  bytes: number;
}

const NONE: Counts = { filesFound: 0, bytesFound: 0, files: 0, bytes: 0 };

/** Passes events on with counts that go over all copies, one after the other. */
export class JoinedEvents {
  readonly #emit: (event: TransferEvent) => void;
  #left: number;
  /** Of the copies before this one. */
  #before = NONE;
  #now = NONE;
  #sum: FinishedEvent = {
    type: "finished",
    files: 0,
    bytes: 0,
    failed: 0,
    skipped: 0,
    elapsedMs: 0,
    streams: 0,
    engine: "",
  };

  /** @param copies how many there will be. */
  constructor(copies: number, emit: (event: TransferEvent) => void) {
    this.#left = copies;
    this.#emit = emit;
  }

  /** The next copy is started. */
  begin(): void {
    this.#left--;
    const [before, now] = [this.#before, this.#now];
    this.#before = {
      filesFound: before.filesFound + now.filesFound,
      bytesFound: before.bytesFound + now.bytesFound,
      files: before.files + now.files,
      bytes: before.bytes + now.bytes,
    };
    this.#now = NONE;
    this.#emit({ type: "connecting" });
  }

  /** The listener to give to each copy. */
  readonly onEvent = (event: TransferEvent): void => {
    const before = this.#before;
    if (event.type === "totals") {
      const { files, bytes } = event;
      this.#now = { ...this.#now, filesFound: files, bytesFound: bytes };
      const complete = event.complete && this.#left === 0;
      this.#emit({ ...event, files: before.filesFound + files, bytes: before.bytesFound + bytes, complete });
    } else if (event.type === "progress") {
      const { files, bytes } = event;
      this.#now = { ...this.#now, files, bytes };
      this.#emit({ ...event, files: before.files + files, bytes: before.bytes + bytes });
    } else if (event.type === "finished") this.#add(event);
    else this.#emit(event);
  };

  /** A copy ended early, and the others go on. */
  failed(message: string, hint: string | undefined): void {
    this.#sum = { ...this.#sum, failed: this.#sum.failed + 1 };
    this.#emit({ type: "failed", path: "", message, hint });
  }

  /** The last copy is over. @returns what all of them came to. */
  finish(): FinishedEvent {
    this.#emit(this.#sum);
    return this.#sum;
  }

  #add(event: FinishedEvent): void {
    const sum = this.#sum;
    const { files, bytes } = event;
    this.#now = { ...this.#now, files, bytes };
    this.#sum = {
      ...event,
      files: sum.files + files,
      bytes: sum.bytes + bytes,
      resumed: (sum.resumed ?? 0) + (event.resumed ?? 0),
      failed: sum.failed + event.failed,
      skipped: sum.skipped + event.skipped,
      ...wireBytesOf(sum, event),
      ...(event.verified === undefined ? {} : { verified: (sum.verified ?? 0) + event.verified }),
      ...((event.dummy ?? sum.dummy) && { dummy: event.dummy ?? sum.dummy }),
      elapsedMs: sum.elapsedMs + event.elapsedMs,
      streams: Math.max(sum.streams, event.streams),
    };
  }
}

/** Told by copies that compress, which are all or none. */
function wireBytesOf(sum: FinishedEvent, { wireBytes }: FinishedEvent): Pick<FinishedEvent, "wireBytes"> {
  return wireBytes === undefined ? {} : { wireBytes: (sum.wireBytes ?? 0) + wireBytes };
}
