/** Interface for hard links to unchanged files of other directories, as in snapshots. */

import type { RecordCursor } from "../../protocol/data/records.ts";
import type { Attributes } from "../stat/file_stat.ts";
import type { RangeReader } from "./source.ts";
import type { KeptBackup, PendingDirectory, TargetPlace } from "./target_place.ts";

/** The link destinations of all roots. One per thread. It has a current directory and a current file. */
export interface LinkDestinations {
  /** Sets the current directory to bytes[start, end), relative to the root. It need not exist. */
  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void;
  /**
   * Finds the first file that has the name, size and attributes of a record.
   *
   * @param attributes Attributes of the record; only those that the options include are compared.
   * @returns Whether a file was found, which becomes the current file.
   */
  find(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>, attributes: Attributes): boolean;
  /** Opens the current file. @throws {FileError} Operation "read". */
  open(): RangeReader;
  /**
   * Makes the current file the target of its record, by a hard link that replaces an existing file.
   *
   * @throws {FileError} The existing file stays.
   */
  link(): void;
  /** As `SmallFileWriter.takeCreated`. */
  takeCreated(): PendingDirectory[];
  /** Returns the directories that have got links since the last call. */
  takeChanged(): TargetPlace[];
  /** As `SmallFileWriter.takeBackups`. */
  takeBackups(): KeptBackup[];
  close(): void;
}
