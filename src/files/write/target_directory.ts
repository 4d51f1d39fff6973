/**
 * Interfaces between the rules for writing targets (src/files/write) and an engine. The rules decide what happens in which
 * order. An engine performs each step, and makes it safe against other users who change the directory meanwhile.
 *
 * Operations throw `FileError`, `SystemCallError` or errors of `Deno.*`; the rules turn them into a `FileError` that names
 * the final path.
 */

import type { FileError } from "../../errors.ts";
import type { RangeReader } from "../engine/source.ts";
import type { FinishedDirectory } from "../engine/directory_writer.ts";
import type { Partial, RangeWriter } from "../engine/partial_file.ts";
import type { PendingDirectory, RemovedPlace, TargetPlace } from "../engine/target_place.ts";
import type { TargetOptions } from "../engine/target_options.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import type { GlobEntry } from "../glob/expand.ts";
import type { LinkSource } from "../path/link_target.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { Attributes, FileStat, FileStatSnapshot } from "../stat/file_stat.ts";

/** Removes a directory with its contents. @param removed is called for each entry. @throws {FileError} if an entry stays. */
export type ClearDirectory = (place: TargetPlace, removed: (place: RemovedPlace) => void) => void;

/** Roots and options of a writer. */
export interface WriterOptions {
  roots: TargetRoot[];
  options: TargetOptions;
  /** With `replaces`: removes directories that obstruct files. */
  clear?: ClearDirectory;
}

/**
 * The current directory of a writer.
 *
 * @typeParam Name An entry of that directory. The native engine uses addresses of NUL-terminated bytes.
 */
export interface TargetDirectory<Name> {
  /** Path of the directory relative to its root. */
  readonly path: string;
  /** Path by which `Deno.*` reaches the directory until another one is entered. */
  readonly place: string;
  /** Whether other users can replace its files, or the directory itself. */
  readonly isShared: boolean;
  /** Whether names can be created in it, but neither renamed nor removed (chattr +a). */
  readonly isAppendOnly: boolean;
  /**
   * Enters a directory, without following symbolic links.
   *
   * @param options.create Whether missing directories are created, with mode 01700.
   * @throws {FileError} Operation "create".
   */
  enter(root: number, path: string, options: { create: boolean }): void;
  /** Returns the directories that were created, or whose permissions were extended, since the last call. */
  takeCreated(): PendingDirectory[];
  /**
   * Gives this process full permissions in the current directory, if it owns the directory and lacks them. `takeCreated`
   * reports the permissions to restore.
   *
   * @returns Whether permissions were added.
   */
  addPermissions(): boolean;
  /** Returns the entry of this name; valid until the next call. @throws {FileError} If the system cannot have such a name. */
  nameOf(text: string): Name;
  /** Returns the entry whose name is bytes[start, end); a NUL must follow. @throws {FileError} As `nameOf`. */
  nameIn(bytes: Uint8Array<ArrayBuffer>, start: number, end: number): Name;
  /** Reads the status of an entry itself. Returns whether it exists. */
  stat(name: Name, into: FileStat): boolean;
  /** Reads the status of the directory itself. */
  statSelf(into: FileStat): void;
  /** Returns the target of a symbolic link; valid until the next call. Undefined if the entry is not a link. */
  readLink(name: Name): Uint8Array | undefined;
  /** Returns the path of an entry for messages. */
  textOf(name: Name): string;
  /** Returns the name of an entry as bytes. */
  bytesOf(name: Name): Uint8Array;
  /** Returns whether this user may delete or replace a file of an owner in the directory. */
  mayDelete(uid: number): boolean;
  /** Returns whether an owner other than this user may have planted a file in the directory (directory_access.ts). */
  mayBePlanted(uid: number): boolean;
  /** Returns whether a file system, or a single file, is mounted on an entry. */
  isMountPoint(name: Name): boolean;
  /** Checks the spelling of an existing file. @throws {FileError} If its name differs in case. */
  checkSameCase(operation: string, name: Name): void;
  /** Lists the entries of the directory without "." and "..". The caller must read to the end. */
  list(): Iterable<GlobEntry>;
  /** Removes an entry itself: an empty directory, or anything else. */
  removeEntry(name: Name, options: { isDirectory: boolean }): void;
  /** Removes an entry. Never fails. */
  remove(name: string): void;
  /** Returns a path by which `Deno.*` reaches the current directory until `close`. */
  keepPlace(): { path: string; close(): void };
  /** Sets the final attributes of the current directory. @throws {FileError} */
  finish(directory: FinishedDirectory): void;
  /** Releases the current directory. */
  close(): void;
}

/**
 * Creates and fills files under temporary names in the current directory. `name` is the final name.
 *
 * @typeParam Staged A file or link under a temporary name. The native engine reuses one object for small files.
 */
export interface StagingCalls<Name, Staged> {
  /** Creates an empty file with mode 0600 under the next temporary name. */
  createFile(name: Name): Staged;
  /** Creates a symbolic link under the next temporary name. @throws {FileError} If another file has taken the name. */
  createSymlink(name: Name, target: Uint8Array): Staged;
  /**
   * Prepares a hard link to a file.
   *
   * @throws {FileError} If the path does not refer to a regular file.
   */
  openLinkSource(first: LinkSource): { createLink(name: Name): Staged; close(): void };
  /**
   * Sets the attributes of a symbolic link if permitted.
   *
   * @returns Failure to set extended attributes; undefined if they were set.
   */
  setLinkAttributes(
    link: Staged,
    name: Name,
    from: Attributes,
    xattrs: Uint8Array | undefined,
  ): FileError | undefined;
  /** Writes bytes[start, start + length) to the start of a new file. */
  write(staged: Staged, bytes: Uint8Array<ArrayBuffer>, start: number, length: number): void;
  /** Writes bytes[start, start + length) at an offset of the file. */
  writeAt(staged: Staged, bytes: Uint8Array<ArrayBuffer>, start: number, length: number, offset: number): void;
  /** Truncates or extends the file to this number of bytes. */
  setSize(staged: Staged, size: number): void;
  identityOf(staged: Staged): FileIdentity;
  /** Returns whether an entry is the same link as a staged one: with the same target, or to the same file. Never fails. */
  isSameLink(link: Staged, name: Name): boolean;
  /** Returns the temporary name. */
  temporaryOf(staged: Staged): string;
  /** Takes the open file over, so that `close` does not close it. */
  detach(staged: Staged): { close(): void };
  /** Removes the temporary file, unless its name refers to another file. Never fails. */
  discard(staged: Staged): void;
  /** Closes the file. May be called again. */
  close(staged: Staged): void;
}

/**
 * Gives a staged file its attributes and its final name. The methods are called in this order; a link skips those from
 * `setAttributes` to `closeForRename`.
 */
export interface CommitCalls<Name, Staged> {
  /** Examines the file that is about to be replaced. @throws {FileError} If it must not be replaced. */
  examineReplaced(name: Name, operation: "write" | "create"): void;
  /** Sets the attributes of the source, of the replaced file or of a new file; the mode last. */
  setAttributes(staged: Staged, name: Name, from: Attributes, xattrs: Uint8Array | undefined): void;
  /** Flushes the file to disk. */
  sync(staged: Staged): void;
  /** Returns the status of the file; valid until the next call. */
  snapshot(staged: Staged): FileStatSnapshot | undefined;
  /** Closes the file for the rename. @throws {FileError} Code "ESTALE": its temporary name refers to another file. */
  closeForRename(staged: Staged, name: Name): void;
  /**
   * Creates a second name for the file that is about to be replaced.
   *
   * @returns Identity of the file; undefined if there is none, or if there is no second name: this user could not remove it,
   * the file system has no hard links, or another file has the name.
   */
  linkReplaced(name: Name, other: string): FileIdentity | undefined;
  /**
   * Keeps the file that is about to be replaced, which exists and is not a directory, under another name, and replaces the
   * file that has that name. If the file system has hard links, the file also keeps its present name.
   *
   * @param into Directory of the other name; the current directory or one that the same engine has opened.
   * @returns A function that moves the file back, if it was moved; undefined if it has both names.
   */
  backUp(name: Name, into: TargetDirectory<Name>, other: string): (() => void) | undefined;
  /**
   * Renames the file to its final name, and replaces the file that has the name.
   *
   * @throws {FileError} Code "ESTALE": the temporary name refers to another file. The replaced file keeps its name.
   */
  rename(staged: Staged, name: Name, operation: "write" | "create"): void;
  /** Returns and clears the failure to set attributes of the renamed file; undefined if all were set. */
  takeAttributeFailure(name: Name): FileError | undefined;
}

/** A name in the current directory, and the identity that its file must have. */
export type KnownFile = Pick<Partial, "temporary" | "identity" | "inPlace">;

/** Opens partial files in the current directory. Each call fails with code "ESTALE" if another file has the name. */
export interface PartialCalls<Staged> {
  /** Opens a file in order to commit it. */
  openStaged(file: KnownFile, text: string): Staged;
  /** @param text Final path, for messages. */
  openWriter(partial: Partial, text: string): RangeWriter;
  openReader(partial: Partial, text: string): RangeReader;
  /** Returns whether the temporary name refers to the partial file. */
  hasName(partial: Partial): boolean;
}

/** One current directory and all operations in it. */
export interface EngineDirectory<Name, Staged> {
  readonly directory: TargetDirectory<Name>;
  readonly staging: StagingCalls<Name, Staged>;
  readonly commits: CommitCalls<Name, Staged>;
  readonly partials: PartialCalls<Staged>;
}
