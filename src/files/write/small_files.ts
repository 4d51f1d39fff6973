/** Writes the records of packs: small files with their contents, and links. */

import { decodeName } from "../../protocol/names.ts";
import { type RecordCursor, RecordType } from "../../protocol/data/records.ts";
import type { GatheredFiles, KeptBackup, PendingDirectory, RemovedPlace } from "../engine/target_place.ts";
import type { SmallFileWriter, UnfinishedFile } from "../engine/target.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { checkSymlinkTarget, parseFirstPath } from "../path/link_target.ts";
import { failedDeno } from "../stat/file_failure.ts";
import { FileStat, type FileStatSnapshot } from "../stat/file_stat.ts";
import { readAttributes } from "../stat/record_attributes.ts";
import { checkShape } from "../target/name.ts";
import { forEachData, hasZeroPage } from "../output/zero_pages.ts";
import type { AtomicWriter } from "./atomic_writer.ts";
import { UnfinishedSmallFile } from "./unfinished_small_file.ts";
import { isSameRoot, isSource, mayBeSource, movedToItself } from "../target/same_file.ts";

export class SmallFiles<Name, Staged> implements SmallFileWriter {
  readonly #writer: AtomicWriter<Name, Staged>;
  /** Reused for each record. */
  readonly #attributes = new FileStat();
  #inPlace: GatheredFiles | undefined;
  /** Reused for each target that may be its source. */
  readonly #existing = new FileStat();

  constructor(writer: AtomicWriter<Name, Staged>) {
    this.#writer = writer;
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    this.#writer.enter(root, start === end ? "" : decodeName(bytes.subarray(start, end)), { create: true });
  }

  takeCreated(): PendingDirectory[] {
    return this.#writer.directory.takeCreated();
  }

  takeBackups(): KeptBackup[] {
    return this.#writer.takeBackups();
  }

  takeDeleted(): RemovedPlace[] {
    return this.#writer.takeDeleted();
  }

  isSource(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): boolean {
    const { directory, root, roots } = this.#writer;
    const target = roots[root];
    if (!mayBeSource(target)) return false;
    const name = this.#nameOf(cursor, bytes);
    try {
      const isFound = directory.stat(name, this.#existing) && isSource(target, cursor, this.#existing);
      if (isFound && this.#writer.options.moves) throw movedToItself(directory.textOf(name));
      return isFound;
    } catch (error) {
      throw failedDeno("write", directory.textOf(name), error);
    }
  }

  writeWhole(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): FileStatSnapshot | undefined {
    const writer = this.#writer;
    const name = this.#nameOf(cursor, bytes);
    readAttributes(cursor, this.#attributes);
    const inPlace = writer.options.inplace ? writer.openInPlace(name) : undefined;
    if (inPlace) return this.#writeInPlace(inPlace.staged, name, cursor, bytes);
    try {
      return this.#replace(name, cursor, bytes);
    } catch (error) {
      const { staged } = writer.openRefused(name, error);
      const snapshot = this.#writeInPlace(staged, name, cursor, bytes);
      this.#addInPlace(name);
      return snapshot;
    }
  }

  begin(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): UnfinishedFile | undefined {
    const writer = this.#writer;
    const name = this.#nameOf(cursor, bytes);
    let staged: Staged;
    try {
      staged = writer.create(name);
    } catch (error) {
      this.#checkInPlace(name, error);
      return undefined;
    }
    const host = { writer, nameOf: this.#nameOf.bind(this), checkInPlace: this.#checkInPlace.bind(this) };
    return new UnfinishedSmallFile(host, staged, { cursor, bytes });
  }

  /** Checks after an error that the file can be written in place. @throws {unknown} The error, if it cannot. */
  #checkInPlace(name: Name, error: unknown): void {
    const { staged } = this.#writer.openRefused(name, error);
    this.#writer.staging.close(staged);
  }

  takeInPlace(): GatheredFiles | undefined {
    const written = this.#inPlace;
    this.#inPlace = undefined;
    return written;
  }

  #replace(name: Name, cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): FileStatSnapshot | undefined {
    const writer = this.#writer;
    const staged = writer.create(name);
    try {
      this.#writeContents(staged, bytes, cursor.contentStart, cursor.contentBytes);
    } catch (error) {
      throw writer.abandon(staged, name, "write", error);
    }
    const contents = writer.options.backup && { bytes, start: cursor.contentStart, length: cursor.contentBytes };
    return writer.commit(staged, name, this.#attributes, cursor.xattrs(), contents);
  }

  #writeInPlace(
    staged: Staged,
    name: Name,
    cursor: RecordCursor,
    bytes: Uint8Array<ArrayBuffer>,
  ): FileStatSnapshot | undefined {
    const { directory, staging } = this.#writer;
    try {
      staging.writeAt(staged, bytes, cursor.contentStart, cursor.contentBytes, 0);
      staging.setSize(staged, cursor.contentBytes);
    } catch (error) {
      staging.close(staged);
      throw failedDeno("write", directory.textOf(name), error);
    }
    return this.#writer.commitInPlace(staged, name, this.#attributes, cursor.xattrs());
  }

  #addInPlace(name: Name): void {
    this.#inPlace ??= { files: 0, root: this.#writer.root, path: this.#writer.pathOf(name) };
    this.#inPlace.files++;
  }

  makeLink(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): void {
    const name = this.#nameOf(cursor, bytes);
    const { directory, root, roots, options } = this.#writer;
    if (isSameRoot(roots[root])) {
      if (options.moves) throw movedToItself(directory.textOf(name));
      return;
    }
    const target = bytes.slice(cursor.contentStart, cursor.contentStart + cursor.contentBytes);
    if (cursor.type === RecordType.hardlink) return this.#makeHardLink(name, target, cursor.firstRoot());
    checkSymlinkTarget(target);
    const { staging } = this.#writer;
    const link = this.#writer.createLink(name, () => staging.createSymlink(name, target));
    readAttributes(cursor, this.#attributes);
    const failure = staging.setLinkAttributes(link, name, this.#attributes, cursor.xattrs());
    this.#writer.commitLink(link, name);
    if (failure) throw failure;
  }

  #makeHardLink(name: Name, target: Uint8Array, firstRoot: number): void {
    const { roots, staging } = this.#writer;
    const source = staging.openLinkSource(parseFirstPath(target, roots, firstRoot));
    try {
      const link = this.#writer.createLink(name, () => source.createLink(name));
      this.#writer.commitLink(link, name);
      // rename(2) succeeds and does nothing if both are already names of one file.
      staging.discard(link);
    } finally {
      source.close();
    }
  }

  #writeContents(staged: Staged, bytes: Uint8Array<ArrayBuffer>, start: number, length: number): void {
    const { staging, options } = this.#writer;
    if (!options.sparse || !hasZeroPage(bytes, start, length)) return staging.write(staged, bytes, start, length);
    staging.setSize(staged, length);
    forEachData(bytes, start, length, (at, part, offset) => staging.writeAt(staged, bytes, at, part, offset));
  }

  /** Returns the final name of a record. @throws {ProtocolError} If the record does not fit its root. */
  #nameOf(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): Name {
    const { directory, roots, root } = this.#writer;
    const target: TargetRoot = roots[root];
    checkShape(target, cursor.nameEnd > cursor.nameStart);
    // A device has a writer of its own, and cannot become a link.
    if (target.kind === "device") checkShape(target, true);
    return target.kind === "file"
      ? directory.nameOf(target.name)
      : directory.nameIn(bytes, cursor.nameStart, cursor.nameEnd);
  }
}
