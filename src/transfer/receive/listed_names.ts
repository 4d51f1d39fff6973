/** Names in the directories of the sources, so that other entries of the target can be removed. */

import { ProtocolError } from "../../errors.ts";
import type { SourceNames } from "../../files/engine/directory_writer.ts";
import type { TargetRoot } from "../../files/engine/target_root.ts";
import { baseName, directoryOf } from "../../files/path/local_path.ts";
import { foldedName } from "../../files/path/name_rules.ts";
import { checkShape, targetText } from "../../files/target/name.ts";
import { MAX_LISTED_NAMES } from "../../protocol/limits.ts";
import type { MessageOf } from "../../protocol/control/messages.ts";
import { encodeNameInto } from "../../protocol/names.ts";
import { DigestSet, Known } from "../../resume/run/digest_set.ts";
import { type DigestKey, keyedDigest } from "../../resume/run/keyed_digest.ts";

/** Meaning of a digest. */
const Tag = { name: 0, folded: 1, directory: 2 } as const;

/**
 * Keeps 8 bytes per name instead of the name. The key is secret, so a peer cannot choose names with equal digests. Two names
 * with equal digests would keep an entry that should be removed.
 */
export class ListedNames implements SourceNames {
  readonly #roots: readonly TargetRoot[];
  readonly #key: DigestKey;
  readonly #maxNames: number;
  #digests = DigestSet.withCapacity(1024);
  readonly #out = new Uint32Array(2);
  /** Words of a digest: the tag and the digest of the directory, then the bytes of the name. */
  #words = new Uint32Array(64);
  #bytes = new Uint8Array(this.#words.buffer);
  /** The directory of the last digest, and its own. */
  #directory: { path: string; digest: DigestKey } | undefined;

  /** The roots themselves count as listed, because one may be in the directory of another. */
  constructor(roots: readonly TargetRoot[], { maxNames = MAX_LISTED_NAMES }: { maxNames?: number } = {}) {
    this.#roots = roots;
    this.#maxNames = maxNames;
    const [low, high] = crypto.getRandomValues(new Uint32Array(2));
    this.#key = [low, high];
    for (const root of roots) {
      const path = targetText(root, "");
      this.#addName(directoryOf(path), baseName(path));
    }
  }

  /** Adds names of a directory. @throws {ProtocolError} if its root is unknown or not a directory, or for too many names. */
  add({ root, path, names }: Pick<MessageOf<"names">, "root" | "path" | "names">): void {
    const target = this.#roots[root];
    checkShape(target, true);
    const directory = targetText(target, path);
    this.#put(directory, "", Tag.directory);
    for (const name of names) this.#addName(directory, name);
    if (this.#digests.added <= this.#maxNames) return;
    throw new ProtocolError("bad-message", "Cannot accept a message from the peer: there are too many names");
  }

  hasDirectory(path: string): boolean {
    return this.#has(path, "", Tag.directory);
  }

  find(directory: string, name: string): "listed" | "alias" | "missing" {
    if (this.#has(directory, name, Tag.name)) return "listed";
    const folded = foldedName(name);
    const isAlias = this.#has(directory, folded, Tag.folded) ||
      (folded !== name && this.#has(directory, folded, Tag.name));
    return isAlias ? "alias" : "missing";
  }

  #addName(directory: string, name: string): void {
    this.#put(directory, name, Tag.name);
    const folded = foldedName(name);
    if (folded !== name) this.#put(directory, folded, Tag.folded);
  }

  #put(directory: string, name: string, tag: number): void {
    const [low, high] = this.#digest(directory, name, tag);
    if (this.#digests.isHalfFull) this.#digests = this.#digests.grown();
    this.#digests.add(low, high, Known.yes);
  }

  #has(directory: string, name: string, tag: number): boolean {
    const [low, high] = this.#digest(directory, name, tag);
    return this.#digests.get(low, high) !== Known.no;
  }

  #digest(directory: string, name: string, tag: number): Uint32Array {
    if (this.#directory?.path !== directory) {
      const [low, high] = this.#digestOf(directory, 0);
      this.#directory = { path: directory, digest: [low, high] };
    }
    this.#words[0] = tag;
    [this.#words[1], this.#words[2]] = this.#directory.digest;
    return this.#digestOf(name, 3);
  }

  /**
   * Returns the digest of the first `before` words and a text, valid until the next call. The text has no NUL, so padding is
   * unambiguous.
   */
  #digestOf(text: string, before: number): Uint32Array {
    // A UTF-16 code unit becomes at most three bytes.
    const most = before + Math.ceil(text.length * 3 / 4);
    if (most > this.#words.length) this.#grow(most);
    const length = encodeNameInto(text, this.#bytes.subarray(before * 4));
    const count = before + Math.ceil(length / 4);
    this.#bytes.fill(0, before * 4 + length, count * 4);
    keyedDigest(this.#key, this.#words, count, this.#out);
    return this.#out;
  }

  #grow(count: number): void {
    const words = new Uint32Array(count * 2);
    words.set(this.#words);
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer);
  }
}
