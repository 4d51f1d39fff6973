/** Entries of a dry run, counted and reported. */

import type { PlannedEntry } from "../protocol/control/messages.ts";
import type { TransferEvent } from "./events.ts";

/** Counts and reports the entries that a real run would copy. Each end has its own totals. */
export class DryRunTotals {
  /** Number of files that would be copied. */
  files = 0;
  /** Bytes of these files. */
  bytes = 0;
  readonly #emit: (event: TransferEvent) => void;

  constructor(emit: (event: TransferEvent) => void) {
    this.#emit = emit;
  }

  /** Counts an entry, and reports it. */
  add(entry: PlannedEntry): void {
    // Directories are not counted.
    if ((entry.action === "send" || entry.action === "replace") && !entry.path.endsWith("/")) {
      this.files++;
      this.bytes += entry.bytes;
    }
    this.#emit({ type: "planned", ...entry });
  }
}
