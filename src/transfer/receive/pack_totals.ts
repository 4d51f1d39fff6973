/** Totals of small files, directories and links. */

import type { ReceivedPack } from "../../streams/report.ts";

/** Counts of one or more pack units. */
interface Counts {
  files: number;
  bytes: number;
  skipped: number;
  verified: number;
  failures: number;
}

/** Adds up the latest attempt of each unit. */
export class PackTotals {
  readonly #sum = noCounts();
  readonly #units = new Map<number, { attempt: number; counts: Counts }>();

  /** Counts of all units. */
  get sum(): Readonly<Counts> {
    return this.#sum;
  }

  /**
   * Adds the report of a frame.
   *
   * @returns false if a later attempt has begun: a broken stream may still deliver frames of a unit that was requeued.
   */
  add({ unit: number, attempt, files, bytes, skipped, verified = 0, failures }: ReceivedPack): boolean {
    const known = this.#units.get(number);
    if (known && known.attempt > attempt) return false;
    if (known && known.attempt < attempt) addCounts(this.#sum, known.counts, -1);
    const unit = known?.attempt === attempt ? known : { attempt, counts: noCounts() };
    this.#units.set(number, unit);
    const counts = { files, bytes, skipped, verified, failures: failures.length };
    addCounts(unit.counts, counts, 1);
    addCounts(this.#sum, counts, 1);
    return true;
  }
}

function noCounts(): Counts {
  return { files: 0, bytes: 0, skipped: 0, verified: 0, failures: 0 };
}

function addCounts(to: Counts, { files, bytes, skipped, verified, failures }: Counts, factor: 1 | -1): void {
  to.files += factor * files;
  to.bytes += factor * bytes;
  to.skipped += factor * skipped;
  to.verified += factor * verified;
  to.failures += factor * failures;
}
