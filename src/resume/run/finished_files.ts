/** Looks up files in the completion log of earlier runs, by target path, attributes of the source, and current attributes. */

import type { TargetRoot } from "../../files/engine/target_root.ts";
import { targetText } from "../../files/target/name.ts";
import { encodeName } from "../../protocol/names.ts";
import { type RecordCursor, RecordField } from "../../protocol/data/records.ts";
import { DigestSet, Known } from "./digest_set.ts";
import { FileDigests, type SourceStat } from "./file_digest.ts";
import { type FileStatSnapshot } from "../../files/stat/file_stat.ts";
import type { SharedCompletions } from "./completion_log.ts";

/** Digests and lookups of one thread. It has a current directory. */
export class FinishedFiles {
  readonly #roots: readonly TargetRoot[];
  readonly #digests: FileDigests;
  readonly #known: DigestSet | undefined;
  /** Encoded paths of the roots that were used. */
  readonly #paths: (Uint8Array | undefined)[] = [];
  readonly #source: SourceStat = { size: 0, mtime: 0, mtimeNs: 0, version: 0 };

  constructor({ key, known }: SharedCompletions, roots: readonly TargetRoot[]) {
    this.#roots = roots;
    this.#digests = new FileDigests(key);
    this.#known = known && new DigestSet(known);
  }

  /** Sets the current directory to bytes[start, end), relative to the root. */
  enter(root: number, bytes: Uint8Array, start: number, end: number): void {
    const path = this.#paths[root] ??= encodeName(targetText(this.#roots[root], ""));
    this.#digests.enter(path, bytes, start, end);
  }

  /** Returns the halves of the digest of a record's file in the current directory, valid until the next call. */
  digest(cursor: RecordCursor, bytes: Uint8Array, stat: FileStatSnapshot): Uint32Array {
    const source = this.#source;
    source.size = cursor.size;
    source.mtime = cursor.seconds(RecordField.mtime);
    source.mtimeNs = cursor.uint32(RecordField.mtimeNs);
    source.version = cursor.version();
    this.#digests.file(bytes, cursor.nameStart, cursor.nameEnd, source, stat);
    return this.#digests.digest;
  }

  /** Returns the digest of a file by its path below the root, which may be "". */
  digestOf(root: number, path: string, source: SourceStat, stat: FileStatSnapshot): Uint32Array {
    const at = path.lastIndexOf("/");
    const directory = encodeName(path.slice(0, Math.max(0, at)));
    const name = encodeName(path.slice(at + 1));
    this.enter(root, directory, 0, directory.length);
    this.#digests.file(name, 0, name.length, source, stat);
    return this.#digests.digest;
  }

  /** Whether an earlier run has recorded the last digest. */
  get isRecorded(): boolean {
    const [low, high] = this.#digests.digest;
    return this.#known !== undefined && this.#known.get(low, high) !== Known.no;
  }

  /** Returns whether an earlier run has finished a record's file and the file is unchanged, as a value of `Known`. */
  known(cursor: RecordCursor, bytes: Uint8Array, stat: FileStatSnapshot): number {
    if (!this.#known) return Known.no;
    const digest = this.digest(cursor, bytes, stat);
    return this.#known.get(digest[0], digest[1]);
  }
}
