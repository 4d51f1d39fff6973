/** Writing below the targets with `Deno.*Sync`: temporary name, contents, attributes, final name. */

import { FileError } from "../errors.ts";
import { decodeName } from "../protocol/names.ts";
import { type RecordCursor, RecordType } from "../protocol/records.ts";
import type { FileLook } from "../resume/file_digest.ts";
import type { ResumableSource } from "../resume/journal.ts";
import type { JournalWriter } from "../resume/journal_writer.ts";
import type {
  BegunPartial,
  FinishedFolder,
  FolderPlace,
  Partial,
  RangeWriter,
  TargetOptions,
  TargetRoot,
  TargetWriter,
  TouchedFolder,
} from "./engine.ts";
import { DeviceWriter } from "./device_writer.ts";
import { failedDeno, failedWith } from "./file_failure.ts";
import { type Attributes, FileStat } from "./file_stat.ts";
import { checkSymlinkTarget, parseFirstPath } from "./link_target.ts";
import { PortablePartials } from "./portable_partials.ts";
import { existingAt, PortablePlacing, remove } from "./portable_placing.ts";
import { PortableDevice } from "./portable_device.ts";
import { PortableRangeWriter } from "./portable_range_writer.ts";
import { statOf } from "./portable_stat.ts";
import { readAttributes } from "./record_attributes.ts";
import { forEachData, hasZeroPage } from "./zero_pages.ts";
import { StandardOutput } from "./standard_output.ts";
import { syncFolders } from "./sync.ts";
import { isUnfinishedFolder, plainFolderMode } from "./target_mode.ts";
import { checkShape, STANDARD_OUTPUT, targetText } from "./target_name.ts";
import type { NameRules } from "./name_rules.ts";

export class PortableWriter implements TargetWriter {
  readonly #placing: PortablePlacing;
  /** Large files and the end of the copy have a place of their own: they must not move the current folder. */
  readonly #aside: PortablePlacing;
  readonly #partials: PortablePartials;
  readonly #stat = new FileStat();

  constructor(roots: TargetRoot[], options: TargetOptions, rules?: NameRules) {
    this.#placing = new PortablePlacing(roots, options, rules);
    this.#aside = new PortablePlacing(roots, options, rules);
    this.#partials = new PortablePartials(this.#aside);
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): void {
    this.#placing.enter(root, start === end ? "" : decodeName(bytes.subarray(start, end)));
  }

  takeCreated(): TouchedFolder[] {
    return [...this.#placing.takeCreated(), ...this.#aside.takeCreated()];
  }

  writeWhole(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): FileLook | undefined {
    const root = this.#placing.current();
    checkShape(root, cursor.nameEnd > cursor.nameStart);
    if (root.kind === "device") throw new Error("A device needs its own writer");
    const path = this.#placing.pathOf(this.#nameOf(root, cursor, bytes));
    readAttributes(cursor, this.#stat);
    const { made, temporary } = this.#placing.createFile(path, this.#stat.mode);
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
    if (!this.#placing.options.fsync) file.close();
    return this.#placing.publish(temporary, path, this.#stat, this.#placing.options.fsync ? file : undefined);
  }

  makeLink(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): void {
    const root = this.#placing.current();
    checkShape(root, cursor.nameEnd > cursor.nameStart);
    if (root.kind === "device") checkShape(root, true);
    const path = this.#placing.pathOf(this.#nameOf(root, cursor, bytes));
    const target = bytes.subarray(cursor.contentStart, cursor.contentStart + cursor.contentBytes);
    const make = cursor.type === RecordType.hardlink ? this.#hardLink(target) : symlink(target);
    const { temporary } = this.#placing.makeTemporary(path, "create", make);
    try {
      this.#placing.replaced("create", path);
      this.#placing.keepFormer(path);
      Deno.renameSync(temporary, path);
    } catch (error) {
      throw failedDeno("create", path, error);
    } finally {
      // Gone, unless the rename failed or both were already names of one file.
      this.#placing.handOverTemporary();
      remove(temporary);
    }
  }

  openDevice(root: number, note: (text: string) => void): DeviceWriter | undefined {
    const target = this.#placing.roots[root];
    if (target?.kind !== "device") return undefined;
    const device = target.path === STANDARD_OUTPUT ? new StandardOutput() : new PortableDevice(target.path);
    return new DeviceWriter(device, target, note);
  }

  createPartial(root: number, path: string, size: number): Partial {
    return this.#partials.create(root, path, size);
  }

  beginPartial(root: number, path: string, size: number, source?: ResumableSource): Promise<BegunPartial> {
    return this.#partials.begin(root, path, size, source);
  }

  openPartial(partial: Partial): RangeWriter {
    return this.#partials.open(partial);
  }

  openJournal(partial: Partial): JournalWriter | undefined {
    return this.#partials.openJournal(partial);
  }

  sync(partial: Partial): Promise<void> {
    return this.#partials.sync(partial);
  }

  commit(partial: Partial, attributes: Attributes): FileLook | undefined {
    return this.#partials.commit(partial, attributes);
  }

  discard(partial: Partial): void {
    this.#partials.discard(partial);
  }

  keep(partial: Partial): void {
    this.#partials.keep(partial);
  }

  finishFolders(folders: FinishedFolder[]): FileError[] {
    const failures: FileError[] = [];
    for (const folder of folders.toSorted((a, b) => b.path.length - a.path.length)) {
      try {
        this.#finishFolder(folder);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
        failures.push(error);
      }
    }
    return failures;
  }

  syncFolders(folders: Iterable<FolderPlace>): Promise<FileError[]> {
    return syncFolders(this.#aside.roots, folders, ({ root, path }) => {
      this.#aside.enter(root, path, { create: false });
      return this.#aside.folder;
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
    this.#aside.enter(this.#placing.root, first.folder, { create: false });
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

  #finishFolder(folder: FinishedFolder): void {
    const { preserve, umask } = this.#aside.options;
    const source = folder.attributes;
    this.#aside.enter(folder.root, folder.path, { create: false });
    const path = this.#aside.folder;
    const { attributes } = this.#aside;
    try {
      if (preserve && source) attributes.preserve(path, source);
      else {
        const current = statOf(Deno.statSync(path)).mode;
        const created = folder.created || isUnfinishedFolder(current, folder.continued);
        const mode = created ? plainFolderMode(source?.mode ?? 0o777, umask, current) : folder.mode;
        if (mode !== undefined) attributes.setMode(path, mode);
      }
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

function symlink(target: Uint8Array): (temporary: string) => void {
  checkSymlinkTarget(target);
  const text = decodeName(target);
  return (temporary) => Deno.symlinkSync(text, temporary, { type: "file" });
}
