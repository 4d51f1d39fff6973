/**
 * Reads sources once more where their digest is wanted, or where only their contents tell whether they changed while they
 * were sent. What was read counts only if it is what was sent.
 */

import { quotePath } from "../../errors.ts";
import { FileChange } from "../../files/stat/file_change.ts";
import { RecordType } from "../../protocol/data/records.ts";
import type { Failure } from "../../protocol/failure.ts";
import { type SelectedRecords, selectRecords } from "../../protocol/data/select_records.ts";
import type { DigestReport, DigestUnit, RangedItem } from "../../streams/unit.ts";
import type { CopyListing } from "../client/copy_listing.ts";
import { forEachEntry } from "../../files/walk/plan_entries.ts";
import type { SentFile } from "../../streams/unit.ts";
import { shownPath } from "./source_names.ts";
import type { KnownHost } from "./compare_planner.ts";

/** Callbacks of `SourceDigests`. */
export interface SourceDigestsHost {
  /** Names of the roots, for paths that users see. */
  rootName(root: number): string;
  /** Gives the work to a stream. @returns the number of its unit. */
  digest(work: Omit<DigestUnit, "type" | "unit" | "attempt">): number;
  /** Undefined: no digests are wanted. */
  listing?: CopyListing;
  /** Sends these after all: an earlier run may have sent something else. */
  send(pack: SelectedRecords): void;
  sendRanged(item: RangedItem): void;
  /** So many files and bytes of what was skipped are sent after all. */
  notSkipped(files: number, bytes: number): void;
  /** Whether all that is sent is verified: a source that is not what was sent is sent again. */
  isVerified(): boolean;
  failed(failure: Failure): void;
  note(message: string): void;
}

/** What a unit is for. */
type Purpose =
  /** To list small files that an earlier run has sent. */
  | { type: "known"; plan: Uint8Array<ArrayBuffer> }
  /** To list a large file that an earlier run has sent. */
  | { type: "known-large"; item: RangedItem }
  /** To list a large file that was sent now. */
  | { type: "list"; item: RangedItem; crc32: number }
  /** To tell whether a large file changed while it was sent. */
  | { type: "compare"; crc32: number; path: string };

export class SourceDigests implements KnownHost {
  readonly #host: SourceDigestsHost;
  readonly #purposes = new Map<number, Purpose>();

  constructor(host: SourceDigestsHost) {
    this.#host = host;
  }

  /** Small files are in place since an earlier run. @param same 1 for each record other than `enter` that is. */
  pack(plan: Uint8Array<ArrayBuffer>, same: Uint8Array): void {
    const wanted = new Uint8Array(same.length);
    forEachEntry(plan, ({ type }, index) => {
      if (type === RecordType.file) wanted[index] = same[index];
    });
    const files = selectRecords(plan, wanted);
    if (files.records > 0) this.#digest({ plan: files.plan, sha256: true }, { type: "known", plan: files.plan });
  }

  /** A large file is in place since an earlier run. */
  ranged(item: RangedItem): void {
    this.#digest({ file: fileOf(item), sha256: true }, { type: "known-large", item });
  }

  /** All of a large file was sent. */
  sent({ item, crc32, whole, change, path, isLent }: SentFile): void {
    const { listing } = this.#host;
    // A file that the system copied and that changed is sent again before this.
    const isWhole = whole && (isLent || whole.crc32 === crc32);
    if (listing && isWhole) listing.digested(item.root, item.path, whole.digest!);
    else if (listing) this.#digest({ file: fileOf(item), sha256: true }, { type: "list", item, crc32 });
    if (change !== FileChange.perhaps) return;
    if (isLent) this.#host.note(`${quotePath(path)} may have changed while it was copied`);
    else this.#digest({ file: fileOf(item), sha256: false }, { type: "compare", crc32, path });
  }

  /** The files were read. */
  answered({ unit, sums }: DigestReport): void {
    const purpose = this.#purposes.get(unit)!;
    this.#purposes.delete(unit);
    const { listing } = this.#host;
    if (purpose.type === "known") return this.#knownRead(purpose.plan, sums);
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
        return this.#host.sendRanged(item);
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

  #knownRead(plan: Uint8Array<ArrayBuffer>, sums: DigestReport["sums"]): void {
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

/** The whole file as it was found. */
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
