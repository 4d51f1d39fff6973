/** The files of one thread as a run's memory knows them: by where they stand, what their source was, and how they look. */

import type { TargetRoot } from "../../files/engine/target_root.ts";
import { targetText } from "../../files/target/name.ts";
import { encodeName } from "../../protocol/names.ts";
import { type RecordCursor, RecordField } from "../../protocol/data/records.ts";
import { DigestSet, Known } from "./digest_set.ts";
import { FileDigests, type SourceLook } from "./file_digest.ts";
import { type FileStatSnapshot } from "../../files/stat/file_stat.ts";
import type { SharedMemory } from "./memory.ts";

/** See above. It has a current directory. */
export class FinishedFiles {
  readonly #roots: readonly TargetRoot[];
  readonly #digests: FileDigests;
  readonly #known: DigestSet | undefined;
  readonly #places: (Uint8Array | undefined)[] = [];
  readonly #source: SourceLook = { size: 0, mtime: 0, mtimeNs: 0, version: 0 };

  constructor({ key, known }: SharedMemory, roots: readonly TargetRoot[]) {
    this.#roots = roots;
    this.#digests = new FileDigests(key);
    this.#known = known && new DigestSet(known);
  }

  /** Makes the directory bytes[start, end), relative to the root, the current one. */
  enter(root: number, bytes: Uint8Array, start: number, end: number): void {
    const place = this.#places[root] ??= encodeName(targetText(this.#roots[root], ""));
    this.#digests.enter(place, bytes, start, end);
  }

  /** The digest of the file of a record in the current directory; its halves, until the next call. */
  digest(cursor: RecordCursor, bytes: Uint8Array, look: FileStatSnapshot): Uint32Array {
    const source = this.#source;
    source.size = cursor.size;
    source.mtime = cursor.seconds(RecordField.mtime);
    source.mtimeNs = cursor.uint32(RecordField.mtimeNs);
    source.version = cursor.version();
    this.#digests.file(bytes, cursor.nameStart, cursor.nameEnd, source, look);
    return this.#digests.digest;
  }

  /** The digest of a file by its path below the root, which may be "". */
  digestOf(root: number, path: string, source: SourceLook, look: FileStatSnapshot): Uint32Array {
    const at = path.lastIndexOf("/");
    const directory = encodeName(path.slice(0, Math.max(0, at)));
    const name = encodeName(path.slice(at + 1));
    this.enter(root, directory, 0, directory.length);
    this.#digests.file(name, 0, name.length, source, look);
    return this.#digests.digest;
  }

  /** Whether an earlier run has noted the last digest. */
  get isNoted(): boolean {
    const [low, high] = this.#digests.digest;
    return this.#known !== undefined && this.#known.get(low, high) !== Known.no;
  }

  /** Whether an earlier run has finished the file of this record, and it still looks so. @returns one of `Known` */
  known(cursor: RecordCursor, bytes: Uint8Array, look: FileStatSnapshot): number {
    if (!this.#known) return Known.no;
    const digest = this.digest(cursor, bytes, look);
    return this.#known.get(digest[0], digest[1]);
  }
}
