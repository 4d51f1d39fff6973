/** A file that arrives in pieces of a pack unit: checks their order, and writes them. */

import { type FileError, ProtocolError } from "../../errors.ts";
import type { UnfinishedFile } from "../../files/engine/target.ts";
import type { FileStatSnapshot } from "../../files/stat/file_stat.ts";
import { combineCrc32, crc32 } from "../../protocol/crc32.ts";
import { type PackHeader, Piece } from "../../protocol/data/pack.ts";
import { RecordCursor, RecordType } from "../../protocol/data/records.ts";
import { MAX_PIECES_BYTES } from "../../protocol/limits.ts";
import { type Failure, mustBeAnnounced } from "../../protocol/failure.ts";
import { toFailure } from "../failure.ts";
import type { Contents } from "../frames/contents.ts";

/** Opens the file of a record. @returns undefined if it must be written in place. @throws {FileError} */
export type BeginFile = (cursor: RecordCursor, record: Uint8Array<ArrayBuffer>) => UnfinishedFile | undefined;

/** One file. The sender may send nothing else on its stream until the last piece. */
export class ReceivedPieces {
  /** The record of the file. */
  readonly cursor: RecordCursor;
  /** A copy of the record, without contents. */
  readonly record: Uint8Array<ArrayBuffer>;
  readonly #header: PackHeader;
  #file: UnfinishedFile | undefined;
  #failure: Failure | undefined;
  #size = 0;
  #crc32 = 0;

  /**
   * Copies the record of a file.
   *
   * @throws {ProtocolError} code "bad-record".
   */
  constructor(header: PackHeader, found: RecordCursor, bytes: Uint8Array<ArrayBuffer>) {
    this.#header = header;
    if (found.size > MAX_PIECES_BYTES) {
      throw badPiece(`its size ${found.size} exceeds the limit of ${MAX_PIECES_BYTES}`);
    }
    this.record = bytes.slice(found.start, found.contentStart);
    this.cursor = new RecordCursor(this.record, 0, this.record.length, { plan: true });
    this.cursor.next();
  }

  /** Opens the file. @param failure of its directory. */
  open(begin: BeginFile, failure: Failure | undefined): void {
    this.#failure = failure;
    this.#try(() => {
      this.#file = begin(this.cursor, this.record);
      if (!this.#file) this.#failure = mustBeAnnounced();
    });
  }

  /**
   * Writes the contents of a frame.
   *
   * @param mismatch returns the error of contents with another CRC-32.
   * @returns the number of bytes written.
   * @throws {ProtocolError} code "bad-record" if the piece is not the next one.
   */
  add(header: PackHeader, { bytes, start, end }: Contents, mismatch: () => FileError): number {
    const { unit, attempt } = this.#header;
    const length = end - start;
    if (header.unit !== unit || header.attempt !== attempt) throw badPiece("it belongs to another unit");
    if (header.piece === Piece.abandoned) return 0;
    if (length <= 0) throw badPiece("it is empty");
    const isComplete = this.#size + length === this.cursor.size;
    if (this.#size + length > this.cursor.size) throw badPiece(`the file has ${this.cursor.size} bytes`);
    if (isComplete !== (header.piece === Piece.last)) throw badPiece("the last piece is not the end of the file");
    const sum = crc32(bytes, start, end);
    this.#size += length;
    this.#crc32 = combineCrc32(this.#crc32, sum, length);
    this.#try(() => {
      if (sum !== header.crc32) throw mismatch();
      this.#file?.append(bytes, start, length);
    });
    return this.#failure ? 0 : length;
  }

  /** Gives the file its final name. @returns its CRC-32, or the failure. @param committed is called with its status. */
  finish(committed: (stat: FileStatSnapshot) => void): number | Failure {
    this.#try(() => {
      const stat = this.#file?.commit();
      if (stat === "refused") this.#failure = mustBeAnnounced();
      else if (stat) committed(stat);
    });
    return this.#failure ?? this.#crc32;
  }

  /** Removes the temporary file, if there is one. */
  discard(): void {
    this.#file?.discard();
  }

  /** Performs a step of a file that has not failed. */
  #try(step: () => void): void {
    if (this.#failure) return;
    try {
      step();
    } catch (error) {
      this.#failure = toFailure(error);
      this.#file?.discard();
      this.#file = undefined;
    }
  }
}

/**
 * Reads the records in the first piece of a file: `enter` and `file`.
 *
 * @param entered is called with the first record.
 * @returns the cursor at the record of the file; the contents follow it.
 * @throws {ProtocolError} code "bad-record".
 */
export function readPieceRecords(
  { records = 0 }: PackHeader,
  { bytes, start, end }: Contents,
  entered: (cursor: RecordCursor) => void,
): RecordCursor {
  if (records > end - start) throw badPiece("its records are truncated");
  const cursor = new RecordCursor(bytes, start, start + records, { plan: true });
  if (!isNext(cursor, RecordType.enter)) throw badPiece("it does not enter a directory");
  entered(cursor);
  if (!isNext(cursor, RecordType.file) || cursor.end !== start + records) throw badPiece("it is not one file");
  return cursor;
}

/** Moves to the next record. @returns whether it has this type. */
function isNext(cursor: RecordCursor, type: number): boolean {
  return cursor.next() && cursor.type === type;
}

/** Returns the error of a piece that breaks the protocol. */
export function badPiece(problem: string): ProtocolError {
  return new ProtocolError("bad-record", `Cannot accept a piece of a file from the peer: ${problem}`);
}
