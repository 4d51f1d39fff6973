/** Progress of all streams together. */

/** Time between two reports, in milliseconds. */
const INTERVAL_MS = 200;

/** Adds up the bytes that the streams have written, and reports the sum periodically. */
export class ProgressTimer implements Disposable {
  readonly #report: (writtenBytes: number) => void;
  readonly #written = new Map<number, number>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param report Called with the bytes that all streams have written so far. */
  constructor(report: (writtenBytes: number) => void) {
    this.#report = report;
  }

  get isRunning(): boolean {
    return this.#timer !== undefined;
  }

  /** Sets the number of bytes that a stream has written so far. */
  setWritten(stream: number, bytes: number): void {
    this.#written.set(stream, bytes);
  }

  /** Bytes that each stream has written so far, by its number. */
  get written(): ReadonlyMap<number, number> {
    return this.#written;
  }

  start(): void {
    this.#timer = setInterval(() => this.report(), INTERVAL_MS);
  }

  /** Reports now. */
  report(): void {
    this.#report(this.#written.values().reduce((sum, bytes) => sum + bytes, 0));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
