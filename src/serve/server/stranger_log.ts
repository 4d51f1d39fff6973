/** Lines of the log about connections without a session. Strangers must not fill a disk with them. */

import { loggedNetwork } from "./client_network.ts";

/** Writes a line. */
type WriteLine = (level: "info" | "warn", text: string) => void;

/** Limits of a period. */
const MAX_NETWORKS = 10;
const MAX_LINES_PER_NETWORK = 5;

/**
 * Logs the first connections of each network in a period, and counts the others. All networks beyond MAX_NETWORKS have one count.
 * So a period has at most 61 lines. The caller ends periods, for example each minute.
 */
export class StrangerLog {
  readonly #write: WriteLine;
  /** Number of connections by network. */
  readonly #counts = new Map<string, number>();
  /** Number of connections of all other networks. */
  #others = 0;

  constructor(write: WriteLine) {
    this.#write = write;
  }

  /** Logs or counts a connection. @param text Reason why it has no session, without the address. */
  add(address: string, text: string, level: "info" | "warn" = "info"): void {
    const network = loggedNetwork(address);
    const count = (this.#counts.get(network) ?? 0) + 1;
    if (count === 1 && this.#counts.size >= MAX_NETWORKS) {
      this.#others++;
      return;
    }
    this.#counts.set(network, count);
    if (count <= MAX_LINES_PER_NETWORK) this.#write(level, `${address}: ${text}`);
  }

  /** Ends a period: logs the counts, and forgets all networks. */
  endPeriod(): void {
    for (const [network, count] of this.#counts) this.#summarize(count - MAX_LINES_PER_NETWORK, network);
    this.#summarize(this.#others, "other networks");
    this.#counts.clear();
    this.#others = 0;
  }

  #summarize(count: number, network: string): void {
    if (count <= 0) return;
    this.#write("info", `${count} more connection${count === 1 ? "" : "s"} of ${network} without a session`);
  }
}
