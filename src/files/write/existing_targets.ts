/** Files that exist under the final names of large files. The caller enters their directory before each call. */

import { DIGEST_KEY_BYTES } from "../../protocol/data/signature.ts";
import type { OldTarget, Partial } from "../engine/partial_file.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { failedDeno } from "../stat/file_failure.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import { FileKind, FileStat } from "../stat/file_stat.ts";
import { targetText } from "../target/name.ts";
import { isLargeSource, mayBeSource } from "../target/same_file.ts";
import type { AtomicWriter } from "./atomic_writer.ts";
import type { FilePlace } from "./partial_journals.ts";

/** Minimum size of a file whose blocks are copied. */
const MIN_OLD_BYTES = 64 << 10;

/** Examines existing files. */
export class ExistingTargets<Name, Staged> {
  readonly #writer: AtomicWriter<Name, Staged>;

  constructor(writer: AtomicWriter<Name, Staged>) {
    this.#writer = writer;
  }

  /** Returns the status of an entry; undefined if there is none. @throws {FileError} */
  stat(root: TargetRoot, name: Name): FileStat | undefined {
    const { directory } = this.#writer;
    const existing = new FileStat();
    try {
      return directory.stat(name, existing) ? existing : undefined;
    } catch (error) {
      if (mayBeSource(root)) throw failedDeno("write", directory.textOf(name), error);
      // Creating the file reports the failure.
      return undefined;
    }
  }

  /** Returns the file as one that is left alone; undefined if it is not its own source. */
  ownSource(
    place: FilePlace,
    name: Name,
    existing: FileStat | undefined,
    source: FileIdentity | undefined,
  ): Partial | undefined {
    if (!existing || !isLargeSource(this.#writer.roots[place.root], source, existing)) return undefined;
    return { ...place, ...this.#writer.knownFile(name, existing), same: true };
  }

  /** Returns whether a file cannot be replaced: the rename would fail at the end. */
  isNameFixed(name: Name, { kind, uid }: FileStat): boolean {
    const { directory } = this.#writer;
    try {
      return kind === FileKind.file && (!directory.mayDelete(uid) || directory.isMountPoint(name));
    } catch {
      // Creating the file reports the failure.
      return false;
    }
  }

  /** Returns a file whose blocks may be copied; undefined if it is small or cannot be read. */
  oldTarget(name: Name, existing: FileStat, place: FilePlace): OldTarget | undefined {
    const { roots, partials } = this.#writer;
    const { size } = existing;
    if (existing.kind !== FileKind.file || size < MIN_OLD_BYTES) return undefined;
    const { temporary, identity } = this.#writer.knownFile(name, existing);
    try {
      partials.openReader({ ...place, temporary, identity }, targetText(roots[place.root], place.path)).close();
    } catch {
      return undefined;
    }
    return { name: temporary, identity, size, key: crypto.getRandomValues(new Uint8Array(DIGEST_KEY_BYTES)) };
  }
}
