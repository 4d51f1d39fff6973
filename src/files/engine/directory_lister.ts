/** Interface for listing source directories; implemented by each engine. */

import type { SourceRoot } from "./source.ts";
import type { FileStat } from "../stat/file_stat.ts";

/** Lists one directory at a time. Results are valid until the next call. */
export interface DirectoryLister {
  /** Status from the last `openDirectory`, `statEntry` or `statRoot`. Reused. */
  readonly stat: FileStat;
  /** Note for the user about entries that cannot be listed; undefined if there is none. */
  readonly note?: string;
  /** Buffer that contains the name of the entry. */
  readonly names: Uint8Array;
  readonly nameStart: number;
  readonly nameEnd: number;
  /** Kind of the entry itself, without following a link; 0 if only `statEntry` can determine it. */
  readonly kind: number;
  /** Examines a root, following links. @throws {FileError} */
  statRoot(root: SourceRoot): void;
  /**
   * Opens root.path/path for listing, and examines it.
   *
   * @param options.index Index of the root in the walk. Default: 0.
   * @throws {FileError}
   */
  openDirectory(root: SourceRoot, path: string, options: { follow: boolean; index?: number }): void;
  /**
   * Fetches more entries. No other method may be called until the promise resolves.
   *
   * @returns undefined if `nextEntry` can be called at once. The promise never rejects.
   * @throws {FileError} The failure of the previous fetch.
   */
  fetch?(): Promise<void> | undefined;
  /** Moves to the next entry other than "." and "..". @throws {FileError} */
  nextEntry(): boolean;
  /** Returns the name of the entry as text. */
  nameText(): string;
  /** Examines the entry. @throws {FileError} */
  statEntry(options: { follow: boolean }): void;
  /** Returns the target of the entry, a symbolic link. @throws {FileError} */
  linkTarget(): Uint8Array;
  /**
   * Returns the extended attributes, as a block (xattrs.ts), of the last root, of the open directory or of the entry;
   * undefined if there are none. The method is missing if they were not requested.
   *
   * @throws {FileError}
   */
  xattrs?(of: "root" | "directory" | "entry", options: { follow: boolean }): Uint8Array<ArrayBuffer> | undefined;
  /** Closes the directory. */
  closeDirectory(): void;
}
