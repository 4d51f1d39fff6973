/** Writing below the targets with system calls: temporary name, contents, attributes, final name. */

import { FileError } from "../../errors.ts";
import { addressOf, AT_FDCWD, AT_SYMLINK_NOFOLLOW, type FileCalls, SEEK_SET } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import { type RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import type { FileStatSnapshot } from "../stat/file_stat.ts";
import { sweep } from "../../resume/clean/sweep.ts";
import type {
  BegunPartial,
  DirectoryPlace,
  FinishedDirectory,
  KeptBackup,
  Partial,
  PendingDirectory,
  RangeWriter,
  Resumable,
  TargetOptions,
  TargetWriter,
} from "../engine/target.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import type { RangeReader } from "../engine/source.ts";
import { attemptEach } from "../stat/file_failure.ts";
import type { FileIdentity } from "../stat/file_identity.ts";
import type { DeviceWriter } from "../target/device_writer.ts";
import { deviceWriterOf } from "../target/open_device.ts";
import { type Attributes, FileStat } from "../stat/file_stat.ts";
import { magicLink } from "./attributes.ts";
import { NativeDevice } from "./device.ts";
import { finishDirectory } from "./finish.ts";
import { makeHardLink, makeSymlink } from "./links.ts";
import { directoryPath, NativePartials } from "./partials.ts";
import { NativePlacing, type NativePlacingOptions } from "./placing.ts";
import { NativePublisher } from "./publishing.ts";
import { readAttributes } from "../stat/record_attributes.ts";
import { syncDirectories } from "../target/sync.ts";
import { checkShape, targetText } from "../target/name.ts";
import { forEachData, hasZeroPage } from "../target/zero_pages.ts";

const UNCHANGED = 0xffffffff;

export class NativeWriter implements TargetWriter {
  readonly #calls: FileCalls;
  readonly #placing: NativePlacing;
  /** Large files and the end of the copy have a place of their own: they must not move the current directory. */
  readonly #aside: NativePlacing;
  readonly #publisher: NativePublisher;
  readonly #asidePublisher: NativePublisher;
  readonly #partials: NativePartials;
  readonly #stat = new FileStat();
  readonly #name = new PinnedBuffer(512);
  readonly #link = new PinnedBuffer(64);

  constructor(calls: FileCalls, roots: TargetRoot[], options: TargetOptions, engine: NativePlacingOptions) {
    this.#calls = calls;
    this.#placing = new NativePlacing(calls, roots, options, engine);
    this.#aside = new NativePlacing(calls, roots, options, engine);
    this.#publisher = new NativePublisher(this.#placing);
    this.#asidePublisher = new NativePublisher(this.#aside);
    this.#partials = new NativePartials(this.#aside, this.#asidePublisher);
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    this.#placing.enter(root, start === end ? "" : decodeName(bytes.subarray(start, end)));
  }

  takeCreated(): PendingDirectory[] {
    return [...this.#placing.directories.takeCreated(), ...this.#aside.directories.takeCreated()];
  }

  takeKept(): KeptBackup[] {
    return [...this.#publisher.takeKept(), ...this.#asidePublisher.takeKept()];
  }

  writeWhole(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): FileStatSnapshot | undefined {
    const placing = this.#placing;
    const root = placing.current();
    checkShape(root, cursor.nameEnd > cursor.nameStart);
    if (root.kind === "device") throw new Error("A device needs its own writer");
    const contents = addressOf(bytes.buffer) + bytes.byteOffset + cursor.contentStart;
    const name = this.#nameOf(root, cursor, bytes);
    readAttributes(cursor, this.#stat);
    const descriptor = placing.openTemporary(name);
    const sparse = placing.options.sparse && hasZeroPage(bytes, cursor.contentStart, cursor.contentBytes);
    const errno = sparse
      ? this.#writeSparse(descriptor, bytes, cursor)
      : placing.writeAll(descriptor, contents, cursor.contentBytes);
    if (errno !== 0) {
      this.#calls.close(descriptor);
      throw placing.failed(name, errno, placing.temporary);
    }
    return this.#publisher.publish(descriptor, placing.temporary, name, this.#stat, cursor.xattrs());
  }

  makeLink(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): void {
    const placing = this.#placing;
    const root = placing.current();
    checkShape(root, cursor.nameEnd > cursor.nameStart);
    if (root.kind === "device") checkShape(root, true);
    const name = this.#nameOf(root, cursor, bytes);
    const target = bytes.slice(cursor.contentStart, cursor.contentStart + cursor.contentBytes);
    if (cursor.type === RecordType.hardlink) return makeHardLink(placing, this.#publisher, name, target);
    const place = makeSymlink(placing, name, target);
    const { xattrs } = placing;
    const link = place === undefined ? `${placing.directory}/${placing.temporaryText}` : `${place}`;
    const refused = xattrs?.setOfLink(link, cursor.xattrs());
    if (placing.options.preserve) this.#preserveLink(cursor, place);
    this.#publisher.rename(placing.temporary, name, place);
    if (refused) throw xattrs!.failure(placing.textOf(name), refused);
  }

  openDevice(root: number, note: (text: string) => void): DeviceWriter | undefined {
    const create = (path: string, identity?: FileIdentity) => new NativeDevice(this.#calls, path, identity);
    return deviceWriterOf(this.#placing.roots[root], note, create);
  }

  createPartial(root: number, path: string, size: number): Partial {
    return this.#partials.create(root, path, size);
  }

  beginPartial(root: number, path: string, size: number, resumable?: Resumable): Promise<BegunPartial> {
    return this.#partials.begin(root, path, size, resumable);
  }

  openPartial(partial: Partial): RangeWriter {
    return this.#onlyOpen(() => this.#partials.open(partial));
  }

  readPartial(partial: Partial): RangeReader {
    return this.#partials.read(partial);
  }

  sync(partial: Partial): Promise<void> {
    return this.#partials.sync(partial);
  }

  commit(partial: Partial, attributes: Attributes, xattrs?: Uint8Array): FileStatSnapshot | undefined {
    return this.#partials.commit(partial, attributes, xattrs);
  }

  discard(partial: Partial): void {
    this.#partials.discard(partial);
  }

  keep(partial: Partial): void {
    this.#partials.keep(partial);
  }

  finishDirectories(directories: FinishedDirectory[]): FileError[] {
    const { directories: opened, attributes, options, roots, xattrs } = this.#aside;
    const statx = new Statx(this.#calls);
    return attemptEach(directories.toSorted((a, b) => b.path.length - a.path.length), (directory) => {
      const descriptor = opened.open(directory.root, directory.path, { create: false });
      const text = targetText(roots[directory.root], directory.path);
      finishDirectory(this.#calls, { directory, descriptor, text, options, attributes, statx, xattrs });
    });
  }

  syncDirectories(directories: Iterable<DirectoryPlace>): Promise<FileError[]> {
    const { directories: opened, roots } = this.#aside;
    return syncDirectories(
      roots,
      directories,
      ({ root, path }) => directoryPath(opened.open(root, path, { create: false })),
    );
  }

  sweep(directories: Iterable<DirectoryPlace>): void {
    const { directories: opened, options: { token } } = this.#aside;
    // A directory that was replaced, or cannot be opened, is left alone.
    attemptEach(directories, ({ root, path }) => {
      sweep(directoryPath(opened.open(root, path, { create: false })), token);
    });
  }

  abort(options: { keepPartials?: boolean } = {}): void {
    this.#placing.abandon();
    this.#aside.abandon();
    this.#partials.abort(options);
  }

  close(): void {
    this.#placing.close();
    this.#aside.close();
  }

  /** The file is all that a stream needs from then on; its directory would be two descriptors for each stream. */
  #onlyOpen<Result>(open: () => Result): Result {
    try {
      return open();
    } finally {
      this.#aside.close();
    }
  }

  /** Address of the final name of a record whose shape fits its root. */
  #nameOf(root: TargetRoot, cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): number {
    if (root.kind === "file") return this.#name.putName(encodeName(root.name));
    return addressOf(bytes.buffer) + bytes.byteOffset + cursor.nameStart;
  }

  /** Writes a new file with holes. Returns 0 or the error number. */
  #writeSparse(
    descriptor: number,
    bytes: Uint8Array<ArrayBuffer>,
    { contentStart, contentBytes }: RecordCursor,
  ): number {
    const calls = this.#calls;
    let errno = calls.ftruncate(descriptor, contentBytes) === 0 ? 0 : calls.errno();
    const contents = addressOf(bytes.buffer) + bytes.byteOffset;
    forEachData(bytes, contentStart, contentBytes, (at, length, offset) => {
      if (errno !== 0) return;
      errno = calls.seek(descriptor, offset, SEEK_SET) < 0
        ? calls.errno()
        : this.#placing.writeAll(descriptor, contents + at, length);
    });
    return errno;
  }

  /** Owner and times of a symbolic link that still has its temporary name; what is not permitted is left. */
  #preserveLink(cursor: RecordCursor, place: number | undefined): void {
    const { attributes, directory, temporary } = this.#placing;
    readAttributes(cursor, this.#stat);
    const uid = attributes.isRoot ? this.#stat.uid : UNCHANGED;
    // A name in /proc refers to the open link itself, and not to its target.
    const [at, name, flags] = place === undefined
      ? [directory, temporary, AT_SYMLINK_NOFOLLOW]
      : [AT_FDCWD, magicLink(place, this.#link), 0];
    this.#calls.fchownat(at, name, uid, cursor.uint32(RecordField.gid), flags);
    this.#calls.utimensat(at, name, attributes.putTimes(this.#stat), flags);
  }
}
