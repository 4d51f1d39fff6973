/** A file whose contents arrive in pieces. */

import type { RecordCursor } from "../../protocol/data/records.ts";
import type { UnfinishedFile } from "../engine/target.ts";
import { forEachData, hasZeroPage } from "../output/zero_pages.ts";
import { FileStat, type FileStatSnapshot } from "../stat/file_stat.ts";
import { readAttributes } from "../stat/record_attributes.ts";
import type { AtomicWriter } from "./atomic_writer.ts";

/** The record of a file, without contents. */
export interface FileRecord {
  readonly cursor: RecordCursor;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The writer of the directory, and its rules for names. */
export interface UnfinishedFileHost<Name, Staged> {
  readonly writer: AtomicWriter<Name, Staged>;
  nameOf(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): Name;
  /** Checks after an error that the file can be written in place. @throws {unknown} The error, if it cannot. */
  checkInPlace(name: Name, error: unknown): void;
}

/** A file under a temporary name in the current directory. */
export class UnfinishedSmallFile<Name, Staged> implements UnfinishedFile {
  readonly #host: UnfinishedFileHost<Name, Staged>;
  readonly #record: FileRecord;
  /** Undefined after the end. */
  #staged: Staged | undefined;
  #size = 0;

  constructor(host: UnfinishedFileHost<Name, Staged>, staged: Staged, record: FileRecord) {
    this.#host = host;
    this.#staged = staged;
    this.#record = record;
  }

  append(bytes: Uint8Array<ArrayBuffer>, start: number, length: number): void {
    const { writer } = this.#host;
    const staged = this.#staged!;
    try {
      const write = (at: number, part: number, offset: number) =>
        writer.staging.writeAt(staged, bytes, at, part, this.#size + offset);
      if (writer.options.sparse && hasZeroPage(bytes, start, length)) forEachData(bytes, start, length, write);
      else write(start, length, 0);
      this.#size += length;
    } catch (error) {
      this.#staged = undefined;
      throw writer.abandon(staged, this.#name, "write", error);
    }
  }

  commit(): FileStatSnapshot | "refused" | undefined {
    const staged = this.#staged!;
    const name = this.#name;
    const { writer } = this.#host;
    const { cursor } = this.#record;
    const attributes = new FileStat();
    readAttributes(cursor, attributes);
    this.#staged = undefined;
    try {
      if (writer.options.sparse) writer.staging.setSize(staged, this.#size);
    } catch (error) {
      throw writer.abandon(staged, name, "write", error);
    }
    try {
      return writer.commit(staged, name, attributes, cursor.xattrs());
    } catch (error) {
      this.#host.checkInPlace(name, error);
      return "refused";
    }
  }

  discard(): void {
    const { staging } = this.#host.writer;
    if (this.#staged === undefined) return;
    staging.discard(this.#staged);
    staging.close(this.#staged);
    this.#staged = undefined;
  }

  /** The name in the current directory. Valid until the next use of the directory. */
  get #name(): Name {
    return this.#host.nameOf(this.#record.cursor, this.#record.bytes);
  }
}
