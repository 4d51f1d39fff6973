/** Completes directories at the end of a copy. */

import type { FileError } from "../../errors.ts";
import { sweep } from "../../resume/clean/sweep.ts";
import type { DirectoryWriter, ExtraOptions, FinishedDirectory, RemovedExtras } from "../engine/directory_writer.ts";
import type { TargetPlace } from "../engine/target_place.ts";
import { attemptEach, failedDeno } from "../stat/file_failure.ts";
import { isSameFile, swapped } from "../stat/file_identity.ts";
import { FileStat } from "../stat/file_stat.ts";
import { targetText } from "../target/name.ts";
import { syncDirectories } from "../target/sync.ts";
import type { AtomicWriter } from "./atomic_writer.ts";

export class TargetDirectories<Name, Staged> implements DirectoryWriter {
  readonly #writer: AtomicWriter<Name, Staged>;
  readonly #isKept: (name: string) => boolean;
  /** Reused. */
  readonly #stat = new FileStat();

  /** @param isKept Returns whether a temporary name is that of a partial file for a later copy. */
  constructor(writer: AtomicWriter<Name, Staged>, isKept: (name: string) => boolean) {
    this.#writer = writer;
    this.#isKept = isKept;
  }

  finish(directories: FinishedDirectory[]): FileError[] {
    // Setting times of a directory comes after setting attributes of those in it.
    const deepestFirst = directories.toSorted((a, b) => b.path.length - a.path.length);
    return attemptEach(deepestFirst, (each) => {
      this.#enter(each);
      this.#checkIdentity(each);
      this.#writer.directory.finish(each);
    });
  }

  async removeExtras(options: ExtraOptions): Promise<RemovedExtras> {
    const { ExtraRemover } = await import("./extra_remover.ts");
    return await new ExtraRemover(this.#writer, options).run();
  }

  sync(directories: Iterable<TargetPlace>): Promise<FileError[]> {
    return syncDirectories(this.#writer.roots, directories, (each) => this.#enter(each));
  }

  sweep(directories: Iterable<TargetPlace>): void {
    // Directories that were replaced, or cannot be opened, are left alone.
    attemptEach(directories, (each) => sweep(this.#enter(each), this.#writer.options.token, this.#isKept));
  }

  /** @throws {FileError} If the path refers to another directory than the one that was created or extended. */
  #checkIdentity({ root, path, identity }: FinishedDirectory): void {
    if (!identity) return;
    const text = targetText(this.#writer.roots[root], path);
    try {
      this.#writer.directory.statSelf(this.#stat);
    } catch (error) {
      throw failedDeno("set the attributes of", text, error);
    }
    if (!isSameFile(identity, this.#stat)) throw swapped("set the attributes of", text);
  }

  /** Returns a path by which `Deno.*` reaches the directory until the next call. @throws {FileError} */
  #enter({ root, path }: TargetPlace): string {
    this.#writer.enter(root, path, { create: false });
    return this.#writer.directory.place;
  }
}
