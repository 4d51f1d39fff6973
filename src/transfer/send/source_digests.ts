/**
 * Reads sources again if their digests are listed, or if only their contents show whether they changed while they were
 * sent. A digest counts only if the contents are those that were sent.
 */

import { quotePath } from "../../errors.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import { RecordType } from "../../protocol/data/records.ts";
import type { Failure } from "../../protocol/failure.ts";
import { type SelectedRecords, selectRecords } from "../../protocol/data/select_records.ts";
import type { DigestReport, SentFile } from "../../streams/report.ts";
import type { DigestUnit, RangedItem } from "../../streams/unit.ts";
import type { CopyListing } from "../client/copy_listing.ts";
import { forEachEntry } from "../../files/walk/plan_entries.ts";
import { shownPath } from "./sources/names.ts";
import type { KnownHost } from "./compare_planner.ts";

/** Callbacks of `SourceDigests`. */
export interface SourceDigestsHost {
  /** Returns the name of a root, for messages. */
  rootName(root: number): string;
  /** Adds a unit. @returns its number. */
  digest(work: Omit<DigestUnit, "type" | "unit" | "attempt">): number;
  /** Receives digests; undefined: no digests are listed. */
  listing?: CopyListing;
  /** Sends skipped files after all, because an earlier run may have sent other contents. */
  send(pack: SelectedRecords): void;
  sendLarge(item: RangedItem): void;
  /** Subtracts skipped files that are sent after all. */
  notSkipped(files: number, bytes: number): void;
  /** Returns whether all files are verified, which sends a changed source again. */
  isVerified(): boolean;
  failed(failure: Failure): void;
  note(message: string): void;
}

/** Purpose of a unit. */
type Purpose =
  /** List small files that an earlier run has sent. */
  | { type: "known"; plan: Uint8Array<ArrayBuffer> }
  /** List a large file that an earlier run has sent. */
  | { type: "known-large"; item: RangedItem }
  /** List a large file of this run. */
  | { type: "list"; item: RangedItem; crc32: number }
  /** Find out whether a large file changed while it was sent. */
  | { type: "compare"; crc32: number; path: string };

/** Digest units of one transfer. */
export class SourceDigests implements KnownHost {
  readonly #host: SourceDigestsHost;
  readonly #purposes = new Map<number, Purpose>();

  constructor(host: SourceDigestsHost) {
    this.#host = host;
  }

  /** Lists small files of an earlier run. @param same 1 per record other than `enter` that is in place. */
  pack(plan: Uint8Array<ArrayBuffer>, same: Uint8Array): void {
    const listed = new Uint8Array(same.length);
    forEachEntry(plan, ({ type }, index) => {
      if (type === RecordType.file) listed[index] = same[index];
    });
    const files = selectRecords(plan, listed);
    if (files.records > 0) this.#digest({ plan: files.plan, sha256: true }, { type: "known", plan: files.plan });
  }

  /** Lists a large file of an earlier run. */
  large(item: RangedItem): void {
    this.#digest({ file: fileOf(item), sha256: true }, { type: "known-large", item });
  }

  /** Handles a large file of which everything was sent. */
  sent({ item, crc32, whole, change, path, isLocalCopy }: SentFile): void {
    const { listing } = this.#host;
    // A local copy that changed was sent again before this.
    const isWhole = whole && (isLocalCopy || whole.crc32 === crc32);
    if (listing && isWhole) listing.digested(item.root, item.path, whole.digest!);
    else if (listing) this.#digest({ file: fileOf(item), sha256: true }, { type: "list", item, crc32 });
    if (change !== FileChange.perhaps) return;
    if (isLocalCopy) this.#host.note(`${quotePath(path)} may have changed while it was copied`);
    else this.#digest({ file: fileOf(item), sha256: false }, { type: "compare", crc32, path });
  }

  /** Handles the report of a unit. */
  answered({ unit, sums }: DigestReport): void {
    const purpose = this.#purposes.get(unit)!;
    this.#purposes.delete(unit);
    const { listing } = this.#host;
    if (purpose.type === "known") return this.#listKnown(purpose.plan, sums);
    const [sum] = sums;
    if (purpose.type === "compare") {
      if (sum?.crc32 !== purpose.crc32) this.#host.note(`${quotePath(purpose.path)} changed while it was copied`);
      return;
    }
    const { type, item } = purpose;
    const { root, path } = item;
    if (type === "known-large") {
      if (sum?.change !== FileChange.none) {
        this.#host.notSkipped(1, item.size);
        return this.#host.sendLarge(item);
      }
      listing!.digested(root, path, sum.digest!);
      listing!.copied(root, path);
    } else if (sum?.crc32 === purpose.crc32) listing!.digested(root, path, sum.digest!);
    else if (!this.#host.isVerified()) {
      listing!.unlisted(root, path);
      this.#host.failed(unlisted(shownPath(this.#host.rootName(root), path)));
    }
  }

  #digest(work: Omit<DigestUnit, "type" | "unit" | "attempt">, purpose: Purpose): void {
    this.#purposes.set(this.#host.digest(work), purpose);
  }

  #listKnown(plan: Uint8Array<ArrayBuffer>, sums: DigestReport["sums"]): void {
    const { listing } = this.#host;
    const changed = new Uint8Array(sums.length);
    forEachEntry(plan, ({ root, size }, index, path) => {
      const sum = sums[index];
      if (sum?.change !== FileChange.none) {
        changed[index] = 1;
        this.#host.notSkipped(1, size);
      } else {
        listing!.digested(root, path(), sum.digest!);
        listing!.copied(root, path());
      }
    });
    if (changed.includes(1)) this.#host.send(selectRecords(plan, changed));
  }
}

/** Returns the whole file as the walk found it. */
function fileOf({ root, path, size, identity, times }: RangedItem): DigestUnit["file"] {
  return { root, path, size, identity, times };
}

function unlisted(path: string): Failure {
  return {
    code: "ECHANGED",
    path,
    message: `Cannot list the digest of ${quotePath(path)}: the source changed while it was copied`,
    hint: "Copy it again when nothing writes to it",
  };
}
