/** Keeps the files and links that a copy replaces, under the names that the user wants (`--backup`). */

import { equals } from "../../bytes.ts";
import { FileError } from "../../errors.ts";
import { decodeName } from "../../protocol/names.ts";
import type { RangeReader } from "../engine/source.ts";
import { joinPath } from "../path/local_path.ts";
import { isPrivateName, privateName } from "../path/private_names.ts";
import { failedDeno } from "../stat/file_failure.ts";
import { identityOfStat } from "../stat/file_identity.ts";
import { FileKind, FileStat } from "../stat/file_stat.ts";
import { syncDirectoryNow } from "../target/sync.ts";
import type { BackupDirectories } from "./backup_directories.ts";
import type { EngineDirectory, TargetDirectory, WriterOptions } from "./target_directory.ts";

/** The new file: the contents of a small file, a staged link, or undefined for a large file. */
export type Replacement<Staged> =
  | { bytes: Uint8Array<ArrayBuffer>; start: number; length: number }
  | { link: Staged }
  | undefined;

/** Keeps replaced files of the current directory of a writer. */
export class UserBackups<Name, Staged> {
  readonly #current: Pick<EngineDirectory<Name, Staged>, "directory" | "staging" | "commits" | "partials">;
  readonly #options: WriterOptions;
  readonly #directories: BackupDirectories<Name, Staged> | undefined;
  readonly #existing = new FileStat();

  constructor(
    current: Pick<EngineDirectory<Name, Staged>, "directory" | "staging" | "commits" | "partials">,
    options: WriterOptions,
    directories: BackupDirectories<Name, Staged> | undefined,
  ) {
    this.#current = current;
    this.#options = options;
    this.#directories = directories;
  }

  /**
   * Keeps the file or link that is about to be replaced, unless the new one is the same. A resumed copy sends some files
   * again. Their backups must stay.
   *
   * @returns As `CommitCalls.backUp`; undefined, too, if nothing is replaced.
   * @throws {FileError} Operation "back up".
   */
  keep(root: number, name: Name, replacement: Replacement<Staged>): (() => void) | undefined {
    const naming = this.#options.options.backup;
    if (!naming) return undefined;
    const { directory, commits } = this.#current;
    const shown = directory.textOf(name);
    if (!naming.elsewhere && decodeName(directory.bytesOf(name)).endsWith(naming.suffix)) {
      throw new FileError("write", shown, "its name is that of a backup", {
        hint: `Use another --suffix, or --exclude "*${naming.suffix}"`,
      });
    }
    try {
      if (!directory.stat(name, this.#existing) || this.#existing.kind === FileKind.directory) return undefined;
      if (replacement && this.#isSame(root, name, replacement)) return undefined;
      const kept = decodeName(directory.bytesOf(name)) + naming.suffix;
      if (isPrivateName(kept)) throw privateName("back up", joinPath(directory.place, kept));
      const into: TargetDirectory<Name> | undefined = naming.elsewhere
        ? this.#directories?.enter(root, directory.path)
        : directory;
      if (!into) return undefined;
      const undo = commits.backUp(name, into, kept);
      // The copy flushes its own directories at the end.
      if (naming.elsewhere && this.#options.options.fsync) syncDirectoryNow(into.place);
      return undo;
    } catch (error) {
      throw failedBackup(shown, error);
    }
  }

  #isSame(root: number, name: Name, replacement: NonNullable<Replacement<Staged>>): boolean {
    return "link" in replacement
      ? this.#current.staging.isSameLink(replacement.link, name)
      : this.#hasContents(root, name, replacement);
  }

  #hasContents(
    root: number,
    name: Name,
    { bytes, start, length }: Exclude<NonNullable<Replacement<Staged>>, { link: Staged }>,
  ): boolean {
    const { kind, size } = this.#existing;
    if (kind !== FileKind.file || size !== length) return false;
    const { directory, partials } = this.#current;
    const temporary = decodeName(directory.bytesOf(name));
    const file = { root, path: "", temporary, size, identity: identityOfStat(this.#existing) };
    let reader: RangeReader | undefined;
    try {
      reader = partials.openReader(file, directory.textOf(name));
      const found = new Uint8Array(length);
      return reader.readAt(found, 0, length, 0) === length && equals(found, bytes.subarray(start, start + length));
    } catch {
      // A file that cannot be read is kept.
      return false;
    } finally {
      reader?.close();
    }
  }
}

function failedBackup(path: string, error: unknown): FileError {
  const failure = failedDeno("back up", path, error);
  const { operation, code, hint, message } = failure;
  if (code === "EXDEV") {
    return new FileError("back up", path, "its backup would be on another file system", {
      code,
      hint: "Choose a --backup-dir on the file system of the target",
    });
  }
  // The code "ESTALE" would mean that the temporary name of the new file refers to another file.
  if (code === "ESTALE") return new FileError("back up", path, "another process has replaced it", { hint });
  return operation === "back up" ? failure : new FileError("back up", path, message, { code, hint });
}
