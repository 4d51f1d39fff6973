/** Output of `--itemize-changes` on stdout: one line per changed entry, as rsync prints it. */

import { escapePath } from "../errors.ts";
import type { TransferEvent } from "../transfer/events.ts";
import { LineBuffer } from "./line_buffer.ts";

/** Lists changes. The "finished" event flushes them before the summary; otherwise call `flush`. */
export class ItemListing {
  readonly #lines: LineBuffer;

  /** @param write Receives whole lines, several at once. */
  constructor(write: (text: string) => void) {
    this.#lines = new LineBuffer(write);
  }

  /** Event listener for a transfer. */
  readonly onEvent = (event: TransferEvent): void => {
    if (event.type === "finished") this.flush();
    const isDeleted = event.type === "deleted" || (event.type === "planned" && event.action === "remove");
    if (isDeleted) this.#lines.add(`*deleting   ${escapePath(event.path)}`);
    if (event.type !== "item") return;
    const { item, path, target } = event;
    const arrow = target === undefined ? "" : `${item[0] === "h" ? " => " : " -> "}${escapePath(target)}`;
    this.#lines.add(`${item} ${escapePath(path)}${arrow}`);
  };

  /** Writes buffered lines. */
  flush(): void {
    this.#lines.flush();
  }
}
