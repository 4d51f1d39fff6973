/** Compares targets with records, with `Deno.*Sync`. */

import { FileError, ProtocolError } from "../../errors.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import { type RecordCursor, RecordType } from "../../protocol/data/records.ts";
import type { RangeReader } from "../engine/source.ts";
import type { TargetOptions } from "../engine/target.ts";
import type { TargetRoot } from "../engine/target_root.ts";
import { failedDeno, failedWith } from "../stat/file_failure.ts";
import { type FileIdentity, identityOf, isSameFile } from "../stat/file_identity.ts";
import { type Attributes, FileKind, FileStat } from "../stat/file_stat.ts";
import { backupName, unverifiedName } from "../path/temporary_names.ts";
import { checkSymlinkTarget, parseFirstPath } from "../path/link_target.ts";
import { baseName, joinPath } from "../path/local_path.ts";
import { leadsTo } from "./access.ts";
import { existingAt, PortableTargetDirectory, remove, tryLink } from "./target_directory.ts";
import { PortableRangeReader } from "./reader.ts";
import { readInfo } from "./stat.ts";
import { correctTimes } from "./runtime_gaps.ts";
import { differingAttributes, type TargetComparer } from "../engine/target_comparer.ts";
import { checkShape } from "../target/name.ts";
import type { NameRules } from "../path/name_rules.ts";

export class PortableComparer implements TargetComparer {
  readonly stat = new FileStat();
  path = "";
  readonly #options: TargetOptions;
  readonly #directory: PortableTargetDirectory;
  /** Directory of the first name of a hard link: the current directory must not change. */
  readonly #firstNames: PortableTargetDirectory;

  readonly #roots: TargetRoot[];
  #root = -1;

  constructor(roots: TargetRoot[], options: TargetOptions, rules: NameRules) {
    this.#options = options;
    this.#roots = roots;
    this.#directory = new PortableTargetDirectory({ roots, options }, rules);
    this.#firstNames = new PortableTargetDirectory({ roots, options }, rules);
  }

  enter(root: number, bytes: Uint8Array<ArrayBuffer>, start: number, end: number): boolean {
    const path = start === end ? "" : decodeName(bytes.subarray(start, end));
    const target = this.#roots[root];
    if (path !== "" || !target) checkShape(target, true);
    this.#root = -1;
    try {
      this.#directory.enter(root, path, { create: false });
      this.#root = root;
      const info = existingAt(this.#directory.place);
      // The directory of a root may be a link that the user named.
      if (info && path !== "" && !info.isDirectory) throw failedWith("create", this.#directory.place, "ENOTDIR");
      return info !== undefined;
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      if (error instanceof FileError && error.code === "ENOENT") return false;
      throw failedDeno("create", this.#directory.place, error);
    }
  }

  examine(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): boolean {
    const root: TargetRoot | undefined = this.#roots[this.#root];
    checkShape(root, cursor.nameEnd > cursor.nameStart);
    if (root.kind === "device") {
      this.path = root.path;
      this.stat.kind = FileKind.charDevice;
      return true;
    }
    const name = root.kind === "file" ? root.name : decodeName(bytes.subarray(cursor.nameStart, cursor.nameEnd));
    this.path = this.#directory.nameOf(name);
    try {
      const info = existingAt(this.path);
      if (info) {
        readInfo(info, this.stat);
        correctTimes(this.path, { follow: false }, this.stat);
      }
      return info !== undefined;
    } catch (error) {
      throw failedDeno("examine", this.path, error);
    }
  }

  isLink(cursor: RecordCursor, bytes: Uint8Array<ArrayBuffer>): boolean {
    const target = bytes.subarray(cursor.contentStart, cursor.contentEnd);
    if (cursor.type === RecordType.hardlink) return this.#isHardLink(target);
    checkSymlinkTarget(target);
    if (this.stat.kind !== FileKind.symlink) return false;
    try {
      return Deno.readLinkSync(this.path) === decodeName(target);
    } catch {
      // The link was replaced.
      return false;
    }
  }

  open(): RangeReader {
    try {
      const file = Deno.openSync(this.path);
      if (isSameFile(identityOf(file.statSync()), this.stat)) return new PortableRangeReader(file, this.path);
      file.close();
    } catch (error) {
      throw failedDeno("read", this.path, error);
    }
    throw failedWith("read", this.path, "ESTALE");
  }

  updateAttributes(source: Attributes): void {
    const user = Deno.build.os === "windows" ? null : Deno.uid();
    const differs = differingAttributes(this.stat, source, this.#options, user);
    if (!differs.owner && !differs.mode && !differs.time) return;
    const { attributes } = this.#directory;
    const isUnchanged = () => leadsTo(this.path, this.stat, { follow: false });
    let timeFailure: FileError | undefined;
    try {
      if (!isUnchanged()) throw failedWith("set the attributes of", this.path, "ESTALE");
      timeFailure = this.#options.preserve
        ? attributes.preserve(this.path, source, this.path)
        : attributes.setModificationTime(this.path, source, this.path);
      if (!isUnchanged()) throw failedWith("set the attributes of", this.path, "ESTALE");
    } catch (error) {
      throw failedDeno("set the attributes of", this.path, error);
    }
    if (timeFailure) throw timeFailure;
  }

  dropBackup(): void {
    if (this.#options.keepBackups) remove(this.#backupPath());
  }

  backup(): FileIdentity | undefined {
    const existing = existingAt(this.#backupPath());
    return existing && identityOf(existing);
  }

  revert(kept: FileIdentity | undefined): string {
    const { path } = this;
    const rejected = unverifiedName(encodeName(baseName(path)));
    const other = joinPath(this.#directory.place, rejected);
    try {
      const linked = tryLink(path, other);
      // Another range of the file was rejected before.
      if (!linked && existingAt(other)) return rejected;
      // The file system has no hard links now, but may have had them when the backup was created.
      if (!linked) Deno.renameSync(path, other);
      const backup = this.#backupPath();
      const isKept = kept !== undefined && leadsTo(backup, kept, { follow: false });
      if (isKept) Deno.renameSync(backup, path);
      else if (linked) Deno.removeSync(path);
      // Another file has replaced the backup in this moment.
      if (isKept && !leadsTo(path, kept, { follow: false })) Deno.removeSync(path);
    } catch (error) {
      throw failedDeno("rename", path, error);
    }
    return rejected;
  }

  close(): void {}

  #backupPath(): string {
    const name = backupName(this.#options.token, this.#directory.bytesOf(this.path));
    return joinPath(this.#directory.place, name);
  }

  /** Returns whether the current entry and the first path of a hardlink record are one file. */
  #isHardLink(target: Uint8Array): boolean {
    const first = parseFirstPath(target);
    try {
      this.#firstNames.enter(this.#root, first.directory, { create: false });
      const info = existingAt(this.#firstNames.nameOf(first.name));
      return info !== undefined && this.stat.inode !== 0 && info.dev === this.stat.dev && info.ino === this.stat.inode;
    } catch {
      // A file that cannot be examined is not known to be the same.
      return false;
    }
  }
}
