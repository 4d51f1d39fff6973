/** Output of `--dry-run` on stdout: one line per entry with the planned action. */

import { escapePath } from "../errors.ts";
import type { TransferEvent } from "../transfer/events.ts";
import { LineBuffer } from "./line_buffer.ts";

/** Lists planned actions. The "finished" event flushes them before the summary; otherwise call `flush`. */
export class PlanListing {
  readonly #lines: LineBuffer;

  /** @param write Receives whole lines, several at once. */
  constructor(write: (text: string) => void) {
    this.#lines = new LineBuffer(write);
  }

  /** Event listener for a transfer. */
  readonly onEvent = (event: TransferEvent): void => {
    if (event.type === "finished") this.flush();
    if (event.type === "planned") this.#lines.add(`${event.action.padEnd(7)}  ${escapePath(event.path)}`);
  };

  /** Writes buffered lines. */
  flush(): void {
    this.#lines.flush();
  }
}
