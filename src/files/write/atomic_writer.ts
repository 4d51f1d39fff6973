/**
 * Atomic files: each file and link is created under a temporary name, completed there, and renamed to its final name. A
 * failure leaves neither the temporary file nor a changed target.
 */

import { FileError, ProtocolError } from "../../errors.ts";
import { decodeName } from "../../protocol/names.ts";
import type { KeptBackup, RemovedPlace } from "../engine/target_place.ts";
import type { TargetOptions } from "../engine/target_options.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { backupName, unverifiedName } from "../path/temporary_names.ts";
import { joinPath } from "../path/local_path.ts";
import { codeOf, failedDeno, failedWith } from "../stat/file_failure.ts";
import { identityOfStat, untrusted } from "../stat/file_identity.ts";
import { type Attributes, FileKind, FileStat, type FileStatSnapshot } from "../stat/file_stat.ts";
import { checkShape } from "../target/name.ts";
import type { BackupDirectories } from "./backup_directories.ts";
import { type Replacement, UserBackups } from "./user_backups.ts";
import type {
  CommitCalls,
  EngineDirectory,
  KnownFile,
  PartialCalls,
  StagingCalls,
  TargetDirectory,
  WriterOptions,
} from "./target_directory.ts";

/** An existing file that is written in place. */
export interface InPlaceFile<Staged> {
  staged: Staged;
  file: KnownFile;
}

/** Writes to the current directory of one job. */
export class AtomicWriter<Name, Staged> {
  readonly roots: TargetRoot[];
  readonly options: TargetOptions;
  readonly directory: TargetDirectory<Name>;
  readonly staging: StagingCalls<Name, Staged>;
  readonly partials: PartialCalls<Staged>;
  readonly #commits: CommitCalls<Name, Staged>;
  readonly #existing = new FileStat();
  /** Index of the current root, -1 if no directory is entered. */
  #root = -1;
  #backups: KeptBackup[] = [];
  readonly #clear: WriterOptions["clear"];
  #deleted: RemovedPlace[] = [];
  readonly #userBackups: UserBackups<Name, Staged>;
  /** Failures of names that cannot be created or replaced. */
  readonly #refusals = new WeakSet<FileError>();

  constructor(
    { directory, staging, commits, partials }: EngineDirectory<Name, Staged>,
    { roots, options, clear }: WriterOptions,
    backupDirectories?: BackupDirectories<Name, Staged>,
  ) {
    this.roots = roots;
    this.options = options;
    this.#clear = clear;
    this.#userBackups = new UserBackups(
      { directory, staging, commits, partials },
      { roots, options },
      backupDirectories,
    );
    this.directory = directory;
    this.staging = staging;
    this.#commits = commits;
    this.partials = partials;
  }

  /** Enters a directory of a root. @throws {FileError} @throws {ProtocolError} If the root is a file and the path is not "". */
  enter(root: number, path: string, options: { create: boolean }): void {
    const target = this.roots[root];
    if (path !== "" || !target) checkShape(target, true);
    this.#root = -1;
    this.directory.enter(root, path, options);
    this.#root = root;
  }

  /** Index of the current root. @throws {ProtocolError} If no directory is entered. */
  get root(): number {
    if (this.#root < 0) throw new ProtocolError("bad-record", "Cannot accept a record: it is in no directory");
    return this.#root;
  }

  /** Creates the temporary file of a name. @throws {FileError} */
  create(name: Name): Staged {
    this.checkCreatable(name, "write");
    for (;;) {
      try {
        return this.staging.createFile(name);
      } catch (error) {
        this.#checkRetry(name, "write", error);
      }
    }
  }

  /** Checks that a temporary file could be renamed, and removed after a failure. @throws {FileError} */
  checkCreatable(name: Name, operation: string): void {
    if (!this.directory.isAppendOnly) return;
    throw this.#noteRefusal(failedWith(operation, this.directory.textOf(name), "EPERM"));
  }

  /** Creates a link under a temporary name. @throws {FileError} */
  createLink(name: Name, create: () => Staged): Staged {
    this.checkCreatable(name, "create");
    for (;;) {
      try {
        return create();
      } catch (error) {
        this.#checkRetry(name, "create", error);
      }
    }
  }

  /**
   * Sets the attributes of a staged file, closes it and renames it. If only extended attributes or times cannot be set, the
   * file is renamed and the failure is thrown.
   *
   * @param contents Contents of a small file, which `options.backup` compares with those of the replaced file.
   * @returns Status of the file if the options ask for it; valid until the next call.
   * @throws {FileError}
   */
  commit(
    staged: Staged,
    name: Name,
    attributes: Attributes,
    xattrs: Uint8Array | undefined,
    contents?: Replacement<Staged>,
  ): FileStatSnapshot | undefined {
    const commits = this.#commits;
    const { fsync, statAfterWrite } = this.options;
    let snapshot: FileStatSnapshot | undefined;
    let isRenaming = false;
    let undoBackup: (() => void) | undefined;
    try {
      this.#overDirectory(name, () => commits.examineReplaced(name, "write"));
      commits.setAttributes(staged, name, attributes, xattrs);
      if (fsync) commits.sync(staged);
      if (statAfterWrite) snapshot = commits.snapshot(staged);
      commits.closeForRename(staged, name);
      this.#keepBackup(name);
      undoBackup = this.#userBackups.keep(this.#root, name, contents);
      isRenaming = true;
      this.#overDirectory(name, () => commits.rename(staged, name, "write"));
    } catch (error) {
      undoBackup?.();
      const failure = this.abandon(staged, name, "write", error);
      throw isRenaming ? this.#noteRefusal(failure) : failure;
    }
    this.staging.close(staged);
    const failure = commits.takeAttributeFailure(name);
    if (failure) throw failure;
    return snapshot;
  }

  /**
   * Opens the existing file of a name, to write it in place.
   *
   * @param known Its status, if it was examined.
   * @returns undefined if there is no regular file, or backups are kept.
   * @throws {FileError} If it cannot be opened, or if another user may have planted it.
   */
  openInPlace(name: Name, known?: FileStat): InPlaceFile<Staged> | undefined {
    const { directory, options } = this;
    const existing = known ?? this.#existing;
    try {
      // A file may have another name in an earlier snapshot.
      const root = this.roots[this.#root];
      if (root.kind !== "device" && root.linkDestinations) return undefined;
      if (options.keepBackups || options.backup || (!known && !directory.stat(name, existing))) return undefined;
      if (existing.kind !== FileKind.file) return undefined;
      const text = directory.textOf(name);
      if (directory.mayBePlanted(existing.uid)) throw untrusted("write", text);
      directory.checkSameCase("write", name);
      const file = { ...this.knownFile(name, existing), inPlace: true };
      return { staged: this.partials.openStaged(file, text), file };
    } catch (error) {
      throw failedDeno("write", directory.textOf(name), error);
    }
  }

  /** Returns an entry of the current directory under its final name. */
  knownFile(name: Name, existing: FileStat): KnownFile {
    return { temporary: decodeName(this.directory.bytesOf(name)), identity: identityOfStat(existing) };
  }

  /** As `openInPlace`, after the name could not be replaced. @throws {unknown} `error`, if the file cannot be opened. */
  openRefused(name: Name, error: unknown): InPlaceFile<Staged> {
    let opened: InPlaceFile<Staged> | undefined;
    try {
      if (error instanceof FileError && this.#refusals.has(error)) opened = this.openInPlace(name);
    } catch {
      // The first failure names the cause.
    }
    if (!opened) throw error;
    return opened;
  }

  /** Completes a file that was written in place, and closes it. Returns and throws as `commit`. */
  commitInPlace(
    staged: Staged,
    name: Name,
    attributes: Attributes,
    xattrs: Uint8Array | undefined,
  ): FileStatSnapshot | undefined {
    const commits = this.#commits;
    const { fsync, statAfterWrite, preserve, keepTimes } = this.options;
    // Without these options the file keeps its attributes.
    const isSet = preserve || keepTimes === true || xattrs !== undefined;
    try {
      if (isSet) this.#setInPlace(staged, name, attributes, xattrs);
      if (fsync) commits.sync(staged);
      const snapshot = statAfterWrite ? commits.snapshot(staged) : undefined;
      commits.closeForRename(staged, name);
      const failure = isSet ? commits.takeAttributeFailure(name) : undefined;
      if (failure) throw failure;
      return snapshot;
    } catch (error) {
      throw failedDeno("write", this.directory.textOf(name), error);
    } finally {
      this.staging.close(staged);
    }
  }

  #setInPlace(staged: Staged, name: Name, attributes: Attributes, xattrs: Uint8Array | undefined): void {
    try {
      this.#commits.setAttributes(staged, name, attributes, xattrs);
    } catch (error) {
      throw failedDeno("set the attributes of", this.directory.textOf(name), error);
    }
  }

  /** Renames a link, whose attributes are set. @throws {FileError} */
  commitLink(link: Staged, name: Name): void {
    const commits = this.#commits;
    let undoBackup: (() => void) | undefined;
    try {
      this.#overDirectory(name, () => commits.examineReplaced(name, "create"));
      this.#keepBackup(name);
      const replacement = this.options.backup && { link };
      undoBackup = this.#userBackups.keep(this.#root, name, replacement);
      this.#overDirectory(name, () => commits.rename(link, name, "create"));
    } catch (error) {
      undoBackup?.();
      throw this.abandon(link, name, "create", error);
    }
    this.staging.close(link);
  }

  /** Removes a staged file. Returns the failure. */
  abandon(staged: Staged, name: Name, operation: string, error: unknown): FileError {
    if (!isStolen(error)) this.staging.discard(staged);
    this.staging.close(staged);
    return failedDeno(operation, this.directory.textOf(name), error);
  }

  /** Returns the path of an entry of the current directory, relative to the root. */
  pathOf(name: Name): string {
    const { directory } = this;
    const isBelow = this.roots[this.root].kind === "folder";
    return isBelow ? joinPath(directory.path, decodeName(directory.bytesOf(name))) : "";
  }

  /** Returns the backups since the last call. */
  takeBackups(): KeptBackup[] {
    const backups = this.#backups;
    this.#backups = [];
    return backups;
  }

  /** Returns the entries that were removed with directories since the last call. */
  takeDeleted(): RemovedPlace[] {
    const deleted = this.#deleted;
    this.#deleted = [];
    return deleted;
  }

  /** Performs a step of a commit. If a directory has the name, removes it first, if the options allow this. */
  #overDirectory(name: Name, step: () => void): void {
    try {
      step();
    } catch (error) {
      if (codeOf(error) !== "EISDIR" || !this.#clear) throw error;
      this.#clear({ root: this.#root, path: this.pathOf(name) }, (place) => this.#deleted.push(place));
      step();
    }
  }

  /** With `keepBackups`: backs up the file that is about to be replaced, and removes an unverified file of its name. */
  #keepBackup(name: Name): void {
    const { keepBackups, token } = this.options;
    if (!keepBackups) return;
    const bytes = this.directory.bytesOf(name);
    this.directory.remove(unverifiedName(bytes));
    const identity = this.#commits.linkReplaced(name, backupName(token, bytes));
    if (!identity) return;
    this.#backups.push({ root: this.#root, path: this.pathOf(name), identity });
  }

  /** Notes a failure if its code means that the name cannot be created or replaced. Returns the failure. */
  #noteRefusal(failure: FileError): FileError {
    if (NAME_REFUSALS.includes(failure.code)) this.#refusals.add(failure);
    return failure;
  }

  /** Returns if another attempt may succeed. @throws {FileError} if not. */
  #checkRetry(name: Name, operation: string, error: unknown): void {
    const code = codeOf(error);
    if (code === "EEXIST" || code === "EINTR") return;
    // The directory of a root that is a file is not part of the copy, so its permissions stay.
    const mayAddPermissions = code === "EACCES" && this.roots[this.#root].kind === "folder";
    if (mayAddPermissions && this.directory.addPermissions()) return;
    throw this.#noteRefusal(failedDeno(operation, this.directory.textOf(name), error));
  }
}

/**
 * Codes of names that cannot be created or replaced, although their files may be writable. In order: a directory without
 * write permission, a file of another user in a sticky directory, a mount point, and a read-only directory.
 */
const NAME_REFUSALS: readonly (string | undefined)[] = ["EACCES", "EPERM", "EBUSY", "EROFS"];

/** Returns whether the temporary name, or the path of the directory, refers to another file: it must not be removed. */
function isStolen(error: unknown): boolean {
  return error instanceof FileError && error.code === "ESTALE";
}
