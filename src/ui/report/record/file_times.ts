/** Times of large files, from the messages about them. Small files travel in packs and have no times of their own. */

import type { Message } from "../../../protocol/control/messages.ts";
import { shownPath } from "../../../transfer/send/sources/names.ts";

/** Number of files in a report. */
const SLOWEST = 20;
/** Maximum number of names of sources. Files of further sources are shown without them. */
const MAX_NAMES = 10_000;
/** Maximum number of files in progress that are measured, and length of a path. */
const MAX_OPEN = 1024;
const MAX_PATH = 4096;

/** A large file, from its announcement to its final name. */
export interface FileTime {
  /** From the name of its source on. Not escaped. */
  path: string;
  bytes: number;
  seconds: number;
}

/** Measures the files of one session. */
export class FileTimes {
  readonly #now: () => number;
  readonly #names: string[] = [];
  readonly #open = new Map<number, { root: number; path: string; bytes: number; startedMs: number }>();
  readonly #slowest: FileTime[];

  /** @param slowest list of the slowest files, which is changed. @param now returns milliseconds of a monotonic clock. */
  constructor(slowest: FileTime[], now: () => number) {
    this.#slowest = slowest;
    this.#now = now;
  }

  /** Handles a message of either end. */
  readonly onMessage = (message: Message): void => {
    switch (message.type) {
      case "sources":
        for (const { name } of message.sources) if (this.#names.length < MAX_NAMES) this.#names.push(name);
        break;
      case "open": {
        const { file, root, path, size } = message;
        if (this.#open.size >= MAX_OPEN || path.length > MAX_PATH) break;
        this.#open.set(file, { root, path, bytes: size, startedMs: this.#now() });
        break;
      }
      case "closed":
        this.#finish(message.file, message.bytes);
        break;
      case "drop":
      case "unopened":
        this.#open.delete(message.file);
        break;
    }
  };

  #finish(file: number, bytes: number): void {
    const open = this.#open.get(file);
    if (!open || !this.#open.delete(file)) return;
    const seconds = Math.round(this.#now() - open.startedMs) / 1000;
    const slowest = this.#slowest;
    if (slowest.length >= SLOWEST && seconds <= slowest[slowest.length - 1].seconds) return;
    const at = slowest.findIndex((other) => other.seconds < seconds);
    const path = shownPath(this.#names[open.root] ?? ".", open.path);
    slowest.splice(at < 0 ? slowest.length : at, 0, { path, bytes, seconds });
    slowest.length = Math.min(slowest.length, SLOWEST);
  }
}
