/** What a dry run would do, counted and told. */

import type { PlannedEntry } from "../../protocol/control/messages.ts";
import type { TransferEvent } from "../events.ts";

/** On either side: counts entries and tells listeners of this side of them. */
export class DryRunTotals {
  /** That would be copied. */
  files = 0;
  bytes = 0;
  readonly #emit: (event: TransferEvent) => void;

  constructor(emit: (event: TransferEvent) => void) {
    this.#emit = emit;
  }

  add(entry: PlannedEntry): void {
    if (entry.action === "send" || entry.action === "replace") {
      this.files++;
      this.bytes += entry.bytes;
    }
    this.#emit({ type: "planned", ...entry });
  }
}
