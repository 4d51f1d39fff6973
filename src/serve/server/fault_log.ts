/** Lines of the log about faults of this host, which strangers must not hide. */

/** Logs the first fault of its kind in a period, and counts the others. The caller ends periods. */
export class FaultLog {
  readonly #warn: (text: string) => void;
  /** Number of connections by fault. */
  readonly #counts = new Map<string, number>();

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  /** Logs or counts a connection that a fault has ended. @param text for the log. */
  add(fault: string, text: string): void {
    const count = (this.#counts.get(fault) ?? 0) + 1;
    this.#counts.set(fault, count);
    if (count === 1) this.#warn(text);
  }

  /** Ends a period: logs the counts, and forgets all faults. */
  endPeriod(): void {
    for (const [fault, count] of this.#counts) {
      if (count > 1) this.#warn(`${count - 1} more connection${count === 2 ? "" : "s"}: ${fault}`);
    }
    this.#counts.clear();
  }
}
