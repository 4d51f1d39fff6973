/** How a walk looks into directories; each engine has its own. */

import type { SourceRoot } from "./source.ts";
import type { FileStat } from "../stat/file_stat.ts";

/** Lists one directory at a time. What it tells is valid until the next call. */
export interface DirectoryLister {
  /** What `openDirectory`, `statEntry` or `statRoot` found. Reused. */
  readonly stat: FileStat;
  /** Note for the user about entries that cannot be listed. */
  readonly note?: string;
  /** The bytes that hold the name of the entry. */
  readonly names: Uint8Array;
  readonly nameStart: number;
  readonly nameEnd: number;
  /** Kind of the entry itself (a link is a link), 0 when only `statEntry` can tell. */
  readonly kind: number;
  /** Tells of the root, following links. @throws {FileError} */
  statRoot(root: SourceRoot): void;
  /**
   * Opens root.path/path for listing, and examines it.
   *
   * @param options.index index of the root in the walk. Default: 0.
   * @throws {FileError}
   */
  openDirectory(root: SourceRoot, path: string, options: { follow: boolean; index?: number }): void;
  /**
   * Gets more entries where that takes time: until it has resolved nothing else may be asked. Undefined when `nextEntry`
   * can go on at once. Never rejects: what failed is thrown by the next call.
   *
   * @throws {FileError}
   */
  fetch?(): Promise<void> | undefined;
  /** Moves to the next entry other than "." and "..". @throws {FileError} */
  nextEntry(): boolean;
  /** The name of the entry as text. */
  nameText(): string;
  /** Tells of the entry. @throws {FileError} */
  statEntry(options: { follow: boolean }): void;
  /** Where the entry, a symbolic link, leads. @throws {FileError} */
  linkTarget(): Uint8Array;
  /**
   * Extended attributes as a block (xattrs.ts), undefined when there are none: of what `statRoot` looked at, of the open
   * directory, or of the entry. Left out where they were not asked for.
   *
   * @throws {FileError}
   */
  xattrs?(of: "root" | "folder" | "entry", options: { follow: boolean }): Uint8Array<ArrayBuffer> | undefined;
  /** Ends the listing. */
  closeDirectory(): void;
}
