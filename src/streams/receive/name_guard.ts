/**
 * Refuses records with private names, because received files must not look like internal files of escp, and records that
 * were not requested.
 */

import type { TargetRoot } from "../../files/engine/target_root.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { hasPrivateComponent, isPrivateNameAt, isRefusedPath, privateName } from "../../files/path/private_names.ts";
import { checkRequested } from "../../files/target/requested_names.ts";
import { targetText } from "../../files/target/name.ts";
import { decodeName } from "../../protocol/names.ts";
import { type RecordCursor, RecordType } from "../../protocol/data/records.ts";

/** Checks the records of one frame after the other. Allocates nothing for accepted names. */
export class NameGuard {
  readonly #roots: readonly TargetRoot[];
  /** The current directory: its root, and its path in the frame. */
  #root = 0;
  #start = 0;
  #end = 0;

  constructor(roots: readonly TargetRoot[]) {
    this.#roots = roots;
  }

  /**
   * Checks the record of a directory, which becomes the current one.
   *
   * @throws {FileError} code `PRIVATE_NAME`
   * @throws {ProtocolError} code "unasked"
   */
  enter({ root, nameStart, nameEnd }: RecordCursor, bytes: Uint8Array): void {
    this.#root = root;
    this.#start = nameStart;
    this.#end = nameEnd;
    checkRequested(this.#roots[root], bytes, nameStart, nameEnd);
    if (!isRefusedPath(this.#roots[root], bytes, nameStart, nameEnd)) return;
    throw privateName("create", this.#directory(bytes));
  }

  /** Checks a record in the current directory. Throws as `enter`. */
  check(cursor: RecordCursor, bytes: Uint8Array): void {
    const { type, nameStart, nameEnd, contentStart, contentEnd } = cursor;
    if (this.#start === this.#end) checkRequested(this.#roots[this.#root], bytes, nameStart, nameEnd);
    const isRefused = isPrivateNameAt(bytes, nameStart, nameEnd) ||
      // Hard links to internal files of escp are refused, too.
      (type === RecordType.hardlink && (hasPrivateComponent(bytes, contentStart, contentEnd) ||
        isRefusedPath(this.#roots[cursor.firstRoot()], bytes, contentStart, contentEnd)));
    if (!isRefused) return;
    throw privateName("create", joinPath(this.#directory(bytes), decodeName(bytes.subarray(nameStart, nameEnd))));
  }

  #directory(bytes: Uint8Array): string {
    return targetText(this.#roots[this.#root], decodeName(bytes.subarray(this.#start, this.#end)));
  }
}
