/** Writing below the targets with `Deno.*Sync`: temporary name, contents, attributes, final name. */

import { FileError } from "../../errors.ts";
import { decodeName, hasEscapedBytes } from "../../protocol/names.ts";
import { type RecordCursor, RecordType } from "../../protocol/data/records.ts";
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
import type { DeviceWriter } from "../target/device_writer.ts";
import { deviceWriterOf } from "../target/open_device.ts";
import { attemptEach, failedDeno, failedWith, FileCode } from "../stat/file_failure.ts";
import { type FileIdentity, swapped } from "../stat/file_identity.ts";
import { type Attributes, FileStat } from "../stat/file_stat.ts";
import { checkSymlinkTarget, parseFirstPath } from "../path/link_target.ts";
import { PortablePartials } from "./partials.ts";
import { existingAt, PortablePlacing, remove } from "./placing.ts";
import { PortableDevice } from "./device.ts";
import { PortablePublisher } from "./publishing.ts";
import { PortableRangeWriter } from "./range_writer.ts";
import { statOf } from "./stat.ts";
import { readAttributes } from "../stat/record_attributes.ts";
import { forEachData, hasZeroPage } from "../target/zero_pages.ts";
import { syncDirectories } from "../target/sync.ts";
import { isUnfinishedDirectory, plainDirectoryMode } from "../stat/target_mode.ts";
import { checkShape, targetText } from "../target/name.ts";
import type { NameRules } from "../path/name_rules.ts";

export class PortableWriter implements TargetWriter {
  readonly #placing: PortablePlacing;
  /** Large files and the end of the copy have a place of their own: they must not move the current directory. */
  readonly #aside: PortablePlacing;
  readonly #publisher: PortablePublisher;
  readonly #asidePublisher: PortablePublisher;
  readonly #partials: PortablePartials;
  readonly #stat = new FileStat();

  constructor(roots: TargetRoot[], options: TargetOptions, rules?: NameRules) {
    this.#placing = new PortablePlacing(roots, options, rules);
    this.#aside = new PortablePlacing(roots, options, rules);
    this.#publisher = new PortablePublisher(this.#placing);
    this.#asidePublisher = new PortablePublisher(this.#aside);
    this.#partials = new PortablePartials(this.#aside, this.#asidePublisher);
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    this.#placing.enter(root, start === end ? "" : decodeName(bytes.subarray(start, end)));
  }

  takeCreated(): PendingDirectory[] {
    return [...this.#placing.takeCreated(), ...this.#aside.takeCreated()];
  }

  takeKept(): KeptBackup[] {
    return [...this.#publisher.takeKept(), ...this.#asidePublisher.takeKept()];
  }

  writeWhole(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): FileStatSnapshot | undefined {
    const root = this.#placing.current();
    checkShape(root, cursor.nameEnd > cursor.nameStart);
    if (root.kind === "device") throw new Error("A device needs its own writer");
    const path = this.#placing.pathOf(this.#nameOf(root, cursor, bytes));
    readAttributes(cursor, this.#stat);
    const { made, temporary, identity } = this.#placing.createFile(path);
    const file = new PortableRangeWriter(made, path);
    const { contentStart, contentBytes } = cursor;
    try {
      if (this.#placing.options.sparse && hasZeroPage(bytes, contentStart, contentBytes)) {
        setSize(made, contentBytes, path);
        forEachData(bytes, contentStart, contentBytes, (at, length, offset) => file.writeAt(bytes, at, length, offset));
      } else file.writeAt(bytes, contentStart, contentBytes, 0);
    } catch (error) {
      file.close();
      this.#placing.abandon();
      throw error;
    }
    return this.#publisher.publish({ temporary, identity, open: file }, path, this.#stat);
  }

  makeLink(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): void {
    const root = this.#placing.current();
    checkShape(root, cursor.nameEnd > cursor.nameStart);
    if (root.kind === "device") checkShape(root, true);
    const path = this.#placing.pathOf(this.#nameOf(root, cursor, bytes));
    const target = bytes.subarray(cursor.contentStart, cursor.contentStart + cursor.contentBytes);
    const make = cursor.type === RecordType.hardlink ? this.#hardLink(target) : symlink(path, target);
    const { temporary } = this.#placing.makeTemporary(path, "create", make);
    try {
      this.#publisher.replaced("create", path);
      this.#publisher.renameLink(temporary, path);
    } catch (error) {
      throw failedDeno("create", path, error);
    } finally {
      // Gone, unless the rename failed or both were already names of one file.
      this.#placing.handOverTemporary();
      remove(temporary);
    }
  }

  openDevice(root: number, note: (text: string) => void): DeviceWriter | undefined {
    const create = (path: string, identity?: FileIdentity) => new PortableDevice(path, identity);
    return deviceWriterOf(this.#placing.roots[root], note, create);
  }

  createPartial(root: number, path: string, size: number): Partial {
    return this.#partials.create(root, path, size);
  }

  beginPartial(root: number, path: string, size: number, resumable?: Resumable): Promise<BegunPartial> {
    return this.#partials.begin(root, path, size, resumable);
  }

  openPartial(partial: Partial): RangeWriter {
    return this.#partials.open(partial);
  }

  readPartial(partial: Partial): RangeReader {
    return this.#partials.read(partial);
  }

  sync(partial: Partial): Promise<void> {
    return this.#partials.sync(partial);
  }

  commit(partial: Partial, attributes: Attributes): FileStatSnapshot | undefined {
    return this.#partials.commit(partial, attributes);
  }

  discard(partial: Partial): void {
    this.#partials.discard(partial);
  }

  keep(partial: Partial): void {
    this.#partials.keep(partial);
  }

  finishDirectories(directories: FinishedDirectory[]): FileError[] {
    const deepestFirst = directories.toSorted((a, b) => b.path.length - a.path.length);
    return attemptEach(deepestFirst, (directory) => this.#finishDirectory(directory));
  }

  syncDirectories(directories: Iterable<DirectoryPlace>): Promise<FileError[]> {
    return syncDirectories(this.#aside.roots, directories, ({ root, path }) => {
      this.#aside.enter(root, path, { create: false });
      return this.#aside.directory;
    });
  }

  sweep(directories: Iterable<DirectoryPlace>): void {
    // A directory that was replaced, or cannot be opened, is left alone.
    attemptEach(directories, ({ root, path }) => {
      this.#aside.enter(root, path, { create: false });
      sweep(this.#aside.directory, this.#aside.options.token);
    });
  }

  abort(options: { keepPartials?: boolean } = {}): void {
    this.#placing.abandon();
    this.#aside.abandon();
    this.#partials.abort(options);
  }

  close(): void {}

  #nameOf(root: TargetRoot, cursor: RecordCursor, bytes: Uint8Array): string {
    return root.kind === "file" ? root.name : decodeName(bytes.subarray(cursor.nameStart, cursor.nameEnd));
  }

  /** How to make a further name of a regular file of the same root. */
  #hardLink(target: Uint8Array): (temporary: string) => void {
    const first = parseFirstPath(target);
    this.#aside.enter(this.#placing.root, first.directory, { create: false });
    const source = this.#aside.pathOf(first.name);
    const text = targetText(this.#placing.current(), first.path);
    let info: Deno.FileInfo | undefined;
    try {
      info = existingAt(source);
    } catch (error) {
      throw failedDeno("link to", text, error);
    }
    if (!info) throw failedWith("link to", text, "ENOENT");
    if (!info.isFile) throw new FileError("link to", text, "not a regular file");
    return (temporary) => Deno.linkSync(source, temporary);
  }

  #finishDirectory(directory: FinishedDirectory): void {
    const { preserve, umask } = this.#aside.options;
    const source = directory.attributes;
    this.#aside.enter(directory.root, directory.path, { create: false });
    const path = this.#aside.directory;
    const { attributes } = this.#aside;
    try {
      if (preserve && source) {
        const untimed = attributes.preserve(path, source, path);
        if (untimed) throw untimed;
      } else {
        const current = statOf(Deno.statSync(path)).mode;
        const created = directory.created || isUnfinishedDirectory(current, directory.continued);
        const allowed = created ? this.#aside.newModes() | 0o7000 : 0;
        const mode = created ? plainDirectoryMode(source?.mode ?? 0o777, umask, current) & allowed : directory.mode;
        if (mode !== undefined) attributes.setMode(path, mode);
      }
      if (this.#aside.isWatched && !this.#aside.leadsToDirectory()) throw swapped("set the attributes of", path);
    } catch (error) {
      throw failedDeno("set the attributes of", path, error);
    }
  }
}

function setSize(file: Deno.FsFile, size: number, text: string): void {
  try {
    file.truncateSync(size);
  } catch (error) {
    throw failedDeno("write", text, error);
  }
}

function symlink(path: string, target: Uint8Array): (temporary: string) => void {
  checkSymlinkTarget(target);
  const text = decodeName(target);
  if (hasEscapedBytes(text)) {
    throw new FileError("create", path, "the path that it contains is not UTF-8", {
      code: FileCode.notText,
      hint: "Only the native engine can make such links",
    });
  }
  return (temporary) => Deno.symlinkSync(text, temporary, { type: "file" });
}
