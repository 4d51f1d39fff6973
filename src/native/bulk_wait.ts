/** How to wait in front of a pipe that somebody fills in small pieces. */

/** So much between two waits means that more is on its way. */
const BULK_BYTES = 32 << 10;
/** A pipe that holds less would be full before the pause is over. */
const LEAST_PIPE_BYTES = 512 << 10;
const PAUSE_MS = 1;

/**
 * ssh passes on 16 to 32 KiB at a time. To be woken for each costs more than the piece itself, so where much is moving
 * one waits a moment longer and finds many.
 */
export class BulkWait {
  readonly #worthIt: boolean;
  #moved = 0;

  /** @param pipeBytes what the pipe holds; the one to be filled meanwhile. */
  constructor(pipeBytes: number) {
    this.#worthIt = pipeBytes >= LEAST_PIPE_BYTES;
  }

  /** So many bytes have come. */
  moved(bytes: number): void {
    this.#moved += bytes;
  }

  /** To be called when something is there after a wait. */
  async gather(): Promise<void> {
    const bulk = this.#worthIt && this.#moved >= BULK_BYTES;
    this.#moved = 0;
    if (bulk) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
