/** Creates and fills files and links under temporary names, with `Deno.*Sync`. */

import { equals } from "../../../bytes.ts";
import { FileError } from "../../../errors.ts";
import { decodeName, hasEscapedBytes } from "../../../protocol/names.ts";
import { baseName } from "../../path/local_path.ts";
import type { LinkSource } from "../../path/link_target.ts";
import { failedDeno, failedWith, FileCode } from "../../stat/file_failure.ts";
import { type FileIdentity, identityOf, isSameFile, UNKNOWN_FILE } from "../../stat/file_identity.ts";
import { TEMPORARY_MODE } from "../../stat/target_mode.ts";
import { noteCreatedLink } from "../../target/created_links.ts";
import { targetText } from "../../target/name.ts";
import type { StagingCalls } from "../../write/target_directory.ts";
import { refersTo } from "../access.ts";
import { PortableRangeWriter } from "../range_writer.ts";
import { PortableTargetDirectory } from "./directory.ts";
import { existingAt, remove } from "./entries.ts";

/** A file or link under a temporary name. */
export interface StagedFile {
  /** Absolute path of the temporary name. */
  readonly path: string;
  /** Identity of the file; unknown if no other user can replace it. */
  readonly identity: FileIdentity;
  /** Whether it is an existing file under its final name. */
  readonly inPlace?: boolean;
  /** The open file; undefined for a link. */
  readonly file?: PortableRangeWriter;
}

export class PortableStaging implements StagingCalls<string, StagedFile> {
  readonly #directory: PortableTargetDirectory;
  /** Directory of the first name of a hard link: the current directory must not change. */
  #sources: PortableTargetDirectory | undefined;

  constructor(directory: PortableTargetDirectory) {
    this.#directory = directory;
  }

  createFile(name: string): StagedFile {
    const directory = this.#directory;
    if (directory.isSwappable) directory.checkUnchanged();
    const path = directory.nextTemporary();
    const mode = Deno.build.os === "windows" ? undefined : TEMPORARY_MODE;
    const file = Deno.openSync(path, { write: true, createNew: true, mode });
    try {
      if (directory.isSwappable) directory.checkUnchanged();
      const identity = directory.isShared ? identityOf(file.statSync()) : UNKNOWN_FILE;
      return { path, identity, file: new PortableRangeWriter(file, name) };
    } catch (error) {
      file.close();
      // The path refers to another directory, and the file is in that one.
      remove(path);
      throw error;
    }
  }

  createSymlink(name: string, target: Uint8Array): StagedFile {
    const text = decodeName(target);
    if (hasEscapedBytes(text)) {
      throw new FileError("create", name, "the path that it contains is not UTF-8", {
        code: FileCode.notText,
        hint: "Only the native engine can create such links",
      });
    }
    const path = this.#directory.nextTemporary();
    Deno.symlinkSync(text, path, { type: "file" });
    const link = this.#linkAt(path);
    const { dirlinks } = this.#directory.options;
    // The rename checks the identity, unless no other user can replace the link.
    const isKnown = link.identity.inode !== 0;
    if (dirlinks) noteCreatedLink(dirlinks, isKnown ? link.identity : identityOf(Deno.lstatSync(path)));
    return link;
  }

  openLinkSource(first: LinkSource): { createLink(): StagedFile; close(): void } {
    const { options, roots, rules } = this.#directory;
    const directory = this.#sources ??= new PortableTargetDirectory({ roots, options }, rules);
    directory.enter(first.root, first.directory, { create: false });
    const source = directory.nameOf(first.name);
    const text = targetText(roots[first.root], first.path);
    let info: Deno.FileInfo | undefined;
    try {
      info = existingAt(source);
    } catch (error) {
      throw failedDeno("link to", text, error);
    }
    if (!info) throw failedWith("link to", text, "ENOENT");
    if (!info.isFile) throw new FileError("link to", text, "not a regular file");
    const createLink = () => {
      const path = this.#directory.nextTemporary();
      Deno.linkSync(source, path);
      return this.#linkAt(path);
    };
    return { createLink, close() {} };
  }

  setLinkAttributes(): undefined {}

  write(staged: StagedFile, bytes: Uint8Array<ArrayBuffer>, start: number, length: number): void {
    staged.file!.writeAt(bytes, start, length, 0);
  }

  writeAt(staged: StagedFile, bytes: Uint8Array<ArrayBuffer>, start: number, length: number, offset: number): void {
    staged.file!.writeAt(bytes, start, length, offset);
  }

  setSize(staged: StagedFile, size: number): void {
    staged.file!.setSize(size);
  }

  identityOf(staged: StagedFile): FileIdentity {
    return staged.file!.identity();
  }

  isSameLink({ path }: StagedFile, other: string): boolean {
    const target = this.#directory.readLink(path);
    if (target) return equals(target, this.#directory.readLink(other) ?? new Uint8Array());
    try {
      const [link, existing] = [Deno.lstatSync(path), Deno.lstatSync(other)];
      return Boolean(link.ino) && isSameFile(identityOf(link), identityOf(existing));
    } catch {
      // One of them is gone.
      return false;
    }
  }

  temporaryOf(staged: StagedFile): string {
    return baseName(staged.path);
  }

  detach(staged: StagedFile): { close(): void } {
    return staged.file!.detach();
  }

  discard({ path, identity }: StagedFile): void {
    if (identity.inode === 0 || refersTo(path, identity, { follow: false })) remove(path);
  }

  close(staged: StagedFile): void {
    staged.file?.close();
  }

  #linkAt(path: string): StagedFile {
    const directory = this.#directory;
    try {
      if (directory.isSwappable) directory.checkUnchanged();
      return { path, identity: directory.isShared ? identityOf(Deno.lstatSync(path)) : UNKNOWN_FILE };
    } catch (error) {
      remove(path);
      throw error;
    }
  }
}
