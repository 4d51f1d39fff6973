/** Times of large files, from the messages about them. Small files travel in packs and have no times of their own. */

import type { Message } from "../../../protocol/control/messages.ts";
import { shownPath } from "../../../transfer/send/sources/names.ts";
import type { UnfinishedFile, UnfinishedFiles } from "./unfinished_files.ts";

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
  readonly #open = new Map<number, UnfinishedFile & { startedMs: number }>();
  readonly #slowest: FileTime[];
  readonly #unfinished: UnfinishedFiles;

  /**
   * @param lists the slowest and the unfinished files of the run, which are changed.
   * @param now returns milliseconds of a monotonic clock.
   */
  constructor({ slowest, unfinished }: { slowest: FileTime[]; unfinished: UnfinishedFiles }, now: () => number) {
    this.#slowest = slowest;
    this.#unfinished = unfinished;
    this.#now = now;
  }

  /** Handles a message of either end. */
  readonly onMessage = (message: Message): void => {
    switch (message.type) {
      case "sources":
        for (const { name } of message.sources) if (this.#names.length < MAX_NAMES) this.#names.push(name);
        break;
      case "open": {
        const { file, root, path: below, size: bytes } = message;
        const path = shownPath(this.#names[root] ?? ".", below);
        if (this.#open.size >= MAX_OPEN || path.length > MAX_PATH) break;
        this.#open.set(file, { path, bytes, startedMs: this.#now() });
        this.#unfinished.begin({ path, bytes });
        break;
      }
      case "closed":
        this.#end(message.file, message.bytes);
        break;
      case "drop":
      case "unopened":
        this.#end(message.file);
        break;
    }
  };

  /** @param bytes undefined for a file that has failed. */
  #end(file: number, bytes?: number): void {
    const open = this.#open.get(file);
    if (!open) return;
    const { path } = open;
    this.#open.delete(file);
    this.#unfinished.end(path);
    if (bytes === undefined) return;
    const seconds = Math.round(this.#now() - open.startedMs) / 1000;
    const slowest = this.#slowest;
    if (slowest.length >= SLOWEST && seconds <= slowest[slowest.length - 1].seconds) return;
    const at = slowest.findIndex((other) => other.seconds < seconds);
    slowest.splice(at < 0 ? slowest.length : at, 0, { path, bytes, seconds });
    slowest.length = Math.min(slowest.length, SLOWEST);
  }
}
