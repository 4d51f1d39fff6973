/** Writing below the targets with system calls: temporary name, contents, attributes, final name. */

import { FileError } from "../errors.ts";
import { addressOf, AT_FDCWD, AT_SYMLINK_NOFOLLOW, type FileCalls, SEEK_SET } from "../native/file_calls.ts";
import { Scratch } from "../native/file_scratch.ts";
import { Statx } from "../native/file_statx.ts";
import { decodeName, encodeName } from "../protocol/names.ts";
import { type RecordCursor, RecordField, RecordType } from "../protocol/records.ts";
import type { FileLook } from "../resume/file_digest.ts";
import { sweep } from "../resume/sweep.ts";
import type {
  BegunPartial,
  FinishedFolder,
  FolderPlace,
  KeptBackup,
  Partial,
  RangeReader,
  RangeWriter,
  Resumable,
  TargetOptions,
  TargetRoot,
  TargetWriter,
  TouchedFolder,
} from "./engine.ts";
import { DeviceWriter } from "./device_writer.ts";
import { type Attributes, FileStat } from "./file_stat.ts";
import { magicLink } from "./native_attributes.ts";
import { NativeDevice } from "./native_device.ts";
import { finishFolder } from "./native_finish.ts";
import { makeHardLink, makeSymlink } from "./native_links.ts";
import { folderPath, NativePartials } from "./native_partials.ts";
import { NativePlacing, type NativePlacingOptions } from "./native_placing.ts";
import { NativePublisher } from "./native_publishing.ts";
import { StandardOutput } from "./standard_output.ts";
import { readAttributes } from "./record_attributes.ts";
import { syncFolders } from "./sync.ts";
import { checkShape, STANDARD_OUTPUT, targetText } from "./target_name.ts";
import { forEachData, hasZeroPage } from "./zero_pages.ts";

const UNCHANGED = 0xffffffff;

export class NativeWriter implements TargetWriter {
  readonly #calls: FileCalls;
  readonly #placing: NativePlacing;
  /** Large files and the end of the copy have a place of their own: they must not move the current folder. */
  readonly #aside: NativePlacing;
  readonly #publisher: NativePublisher;
  readonly #asidePublisher: NativePublisher;
  readonly #partials: NativePartials;
  readonly #stat = new FileStat();
  readonly #name = new Scratch(512);
  readonly #link = new Scratch(64);

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

  takeCreated(): TouchedFolder[] {
    return [...this.#placing.folders.takeCreated(), ...this.#aside.folders.takeCreated()];
  }

  takeKept(): KeptBackup[] {
    return [...this.#publisher.takeKept(), ...this.#asidePublisher.takeKept()];
  }

  writeWhole(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): FileLook | undefined {
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
    const link = place === undefined ? `${placing.folder}/${placing.temporaryText}` : `${place}`;
    const refused = xattrs?.setOfLink(link, cursor.xattrs());
    if (placing.options.preserve) this.#preserveLink(cursor, place);
    this.#publisher.rename(placing.temporary, name, place);
    if (refused) throw xattrs!.failure(placing.textOf(name), refused);
  }

  openDevice(root: number, note: (text: string) => void): DeviceWriter | undefined {
    const target = this.#placing.roots[root];
    if (target?.kind !== "device") return undefined;
    const { path, identity } = target;
    const device = path === STANDARD_OUTPUT ? new StandardOutput() : new NativeDevice(this.#calls, path, identity);
    return new DeviceWriter(device, target, note);
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

  commit(partial: Partial, attributes: Attributes, xattrs?: Uint8Array): FileLook | undefined {
    return this.#partials.commit(partial, attributes, xattrs);
  }

  discard(partial: Partial): void {
    this.#partials.discard(partial);
  }

  keep(partial: Partial): void {
    this.#partials.keep(partial);
  }

  finishFolders(folders: FinishedFolder[]): FileError[] {
    const { folders: opened, attributes, options, roots, xattrs } = this.#aside;
    const statx = new Statx(this.#calls);
    const failures: FileError[] = [];
    for (const folder of folders.toSorted((a, b) => b.path.length - a.path.length)) {
      try {
        const descriptor = opened.open(folder.root, folder.path, { create: false });
        const text = targetText(roots[folder.root], folder.path);
        finishFolder(this.#calls, { folder, descriptor, text, options, attributes, statx, xattrs });
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        failures.push(error);
      }
    }
    return failures;
  }

  syncFolders(folders: Iterable<FolderPlace>): Promise<FileError[]> {
    const { folders: opened, roots } = this.#aside;
    return syncFolders(roots, folders, ({ root, path }) => folderPath(opened.open(root, path, { create: false })));
  }

  sweep(folders: Iterable<FolderPlace>): void {
    const { folders: opened, options: { token } } = this.#aside;
    for (const { root, path } of folders) {
      try {
        sweep(folderPath(opened.open(root, path, { create: false })), token);
      } catch (error) {
        // Another directory has replaced it, or it cannot be opened.
        if (!(error instanceof FileError)) throw error;
      }
    }
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

  /** The file is all that a stream needs from then on; its folder would be two descriptors for each stream. */
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
    const { attributes, folder, temporary } = this.#placing;
    readAttributes(cursor, this.#stat);
    const uid = attributes.isRoot ? this.#stat.uid : UNCHANGED;
    // A name in /proc refers to the open link itself, and not to its target.
    const [at, name, flags] = place === undefined
      ? [folder, temporary, AT_SYMLINK_NOFOLLOW]
      : [AT_FDCWD, magicLink(place, this.#link), 0];
    this.#calls.fchownat(at, name, uid, cursor.uint32(RecordField.gid), flags);
    this.#calls.utimensat(at, name, attributes.putTimes(this.#stat), flags);
  }
}
