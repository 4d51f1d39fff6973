/** Large files that are sent in pieces of packs: which ones, and those that have to be announced after all. */

import type { PackReport } from "../../streams/report.ts";
import type { RangedItem, WorkUnit } from "../../streams/unit.ts";
import { isToBeAnnounced } from "../../protocol/failure.ts";
import { isPart } from "./announcement.ts";
import { MIN_DELTA_BYTES } from "./large_files.ts";
import { PiecePolicy } from "./piece_policy.ts";
import type { SchedulerOptions } from "./scheduler_host.ts";

/** The files in pieces of one transfer. */
export class PieceFiles {
  readonly #options: SchedulerOptions;
  readonly #policy = new PiecePolicy();
  /** Files that could not be sent in pieces. */
  readonly #refused: RangedItem[] = [];

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Number of refused files that nobody has taken. */
  get refused(): number {
    return this.#refused.length;
  }

  /** A stream has taken its first unit. May be called again. */
  begin(): void {
    this.#policy.start();
  }

  /** Returns whether one stream sends a file in pieces, while others send what follows. */
  includes(item: RangedItem, { replaces, verifies }: { replaces: boolean; verifies: boolean }): boolean {
    const { pieces, digests, delta, offersLocalCopy, streams } = this.#options;
    if (!pieces || digests || offersLocalCopy || verifies || isPart(item)) return false;
    // Only what has changed is sent.
    if (replaces && delta && item.size >= MIN_DELTA_BYTES) return false;
    return item.size <= this.#policy.limit(streams);
  }

  /** Handles the report of a file. @returns whether it has holes, or the receiver must write it in place. */
  isRefused({ grown, refused }: PackReport): boolean {
    const mustBeInPlace = refused.some(isToBeAnnounced);
    // Other files may be like it.
    if (mustBeInPlace) this.#options.pieces = false;
    return mustBeInPlace || grown.length > 0;
  }

  /** Adds a file that has to be announced. */
  refuse(item: RangedItem): void {
    this.#refused.push(item);
  }

  /** Takes a file that has to be announced. */
  takeRefused(): RangedItem | undefined {
    return this.#refused.shift();
  }

  /** Drops the refused files. */
  stop(): void {
    this.#refused.length = 0;
  }

  /** Measures a unit that was sent. @param bytes that the receiver has confirmed. */
  sent(unit: WorkUnit, bytes: number): void {
    const { sparse, offersLocalCopy } = this.#options;
    // Holes, and bytes of other files, are not sent.
    const isSentWhole = unit.type === "pack" ||
      (unit.type === "range" && !unit.segments && !sparse && !offersLocalCopy);
    if (isSentWhole) this.#policy.sent(bytes);
  }
}
