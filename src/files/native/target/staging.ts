/** Creates and fills files and links under temporary names, by descriptor. */

import { equals } from "../../../bytes.ts";
import { FileError } from "../../../errors.ts";
import { addressOf, AT_FDCWD, AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../../native/file/calls.ts";
import { NameCounter } from "../../../native/file/name_counter.ts";
import { PinnedBuffer } from "../../../native/file/pinned_buffer.ts";
import { Statx } from "../../../native/file/statx.ts";
import { Errno, SystemCallError } from "../../../native/libc/errno.ts";
import { encodeName } from "../../../protocol/names.ts";
import { type LinkSource, LONGEST_TARGET_BYTES } from "../../path/link_target.ts";
import { TEMPORARY_SUFFIX, TemporaryNames } from "../../path/temporary_names.ts";
import { failedCall } from "../../stat/file_failure.ts";
import { type FileIdentity, identityOfStat, isSameFile, planted } from "../../stat/file_identity.ts";
import { type Attributes, FileKind } from "../../stat/file_stat.ts";
import { TEMPORARY_MODE } from "../../stat/target_mode.ts";
import { noteCreatedLink } from "../../target/created_links.ts";
import { targetText } from "../../target/name.ts";
import type { StagingCalls } from "../../write/target_directory.ts";
import { UNCHANGED_OWNER } from "../attributes.ts";
import { magicLink, openEntry, openOnce } from "../open.ts";
import { SharedNaming } from "./naming.ts";
import { StagedFile } from "./staged_file.ts";
import type { NativeTargetDirectory } from "./directory.ts";

export class NativeStaging implements StagingCalls<number, StagedFile> {
  readonly #directory: NativeTargetDirectory;
  readonly #calls: FileCalls;
  readonly #naming: SharedNaming;
  readonly #names: NameCounter;
  /** The small file that is being written. */
  readonly #staged = new StagedFile();
  readonly #statx: Statx;
  readonly #link = new PinnedBuffer(64);

  constructor(directory: NativeTargetDirectory) {
    this.#directory = directory;
    this.#calls = directory.calls;
    this.#naming = new SharedNaming(directory.calls);
    this.#names = new NameCounter(new TemporaryNames(directory.options.token).stem, TEMPORARY_SUFFIX);
    this.#statx = new Statx(directory.calls);
  }

  createFile(): StagedFile {
    const calls = this.#calls;
    const { create, exclusive, write, noFollow, closeOnExec } = calls.flags;
    const flags = create | exclusive | write | noFollow | closeOnExec;
    this.#names.next();
    const descriptor = calls.openat(this.#directory.descriptor, this.#names.address, flags, TEMPORARY_MODE);
    if (descriptor < 0) throw new SystemCallError(calls.errno());
    return this.#staged.reset(this.#names.address, descriptor);
  }

  createSymlink(name: number, target: Uint8Array): StagedFile {
    const calls = this.#calls;
    const text = new PinnedBuffer(target.length + 1);
    text.putName(target);
    const link = this.#newLink();
    this.#check(calls.symlinkat(text.address, this.#directory.descriptor, link.temporary));
    const { user } = this.#directory.attributes;
    this.#openLink(link, name, (statx, place) => statx.uid === user && isLink(calls, place, target));
    try {
      this.#noteLink(link);
    } catch (error) {
      this.discard(link);
      this.close(link);
      throw error;
    }
    return link;
  }

  openLinkSource(first: LinkSource): { createLink(name: number): StagedFile; close(): void } {
    const calls = this.#calls;
    const directory = this.#directory;
    const text = targetText(directory.roots[first.root], first.path);
    const firstName = new PinnedBuffer(256);
    const statx = new Statx(calls);
    let source = -1;
    try {
      try {
        source = this.#openDirectory(first, text);
      } finally {
        // Opening the directory of the first name may have closed the current one, even if it failed.
        directory.reopen();
      }
      firstName.putName(encodeName(first.name));
      if (!statx.fill(source, firstName.address, AT_SYMLINK_NOFOLLOW)) throw failedCall("link to", text, calls.errno());
      if (statx.kind !== FileKind.file) throw new FileError("link to", text, "not a regular file");
    } catch (error) {
      if (source >= 0) calls.close(source);
      throw error;
    }
    return {
      createLink: (name) => {
        const link = this.#newLink();
        this.#check(calls.linkat(source, firstName.address, directory.descriptor, link.temporary, 0));
        return this.#openLink(link, name, (linked) => isSameFile(linked, statx));
      },
      close: () => calls.close(source),
    };
  }

  setLinkAttributes(
    link: StagedFile,
    name: number,
    from: Attributes,
    block: Uint8Array | undefined,
  ): FileError | undefined {
    const { attributes, descriptor, options: { preserve }, xattrs } = this.#directory;
    const place = link.place >= 0 ? `${link.place}` : `${descriptor}/${this.temporaryOf()}`;
    const refusal = xattrs?.setOfLink(place, block);
    if (preserve) {
      const uid = attributes.isRoot ? from.uid : UNCHANGED_OWNER;
      // A name in /proc refers to the open link itself, not to its target.
      const [at, entry, flags] = link.place < 0
        ? [descriptor, link.temporary, AT_SYMLINK_NOFOLLOW]
        : [AT_FDCWD, magicLink(link.place, this.#link), 0];
      this.#calls.fchownat(at, entry, uid, from.gid, flags);
      this.#calls.utimensat(at, entry, attributes.putTimes(from), flags);
    }
    return refusal && xattrs!.failure(this.#directory.textOf(name), refusal);
  }

  write({ descriptor }: StagedFile, bytes: Uint8Array<ArrayBuffer>, start: number, length: number): void {
    const calls = this.#calls;
    const address = addressOf(bytes.buffer) + bytes.byteOffset + start;
    for (let done = 0; done < length;) {
      const written = calls.write(descriptor, address + done, length - done);
      if (written >= 0) done += written;
      else this.#checkInterrupted();
    }
  }

  writeAt(
    { descriptor }: StagedFile,
    bytes: Uint8Array<ArrayBuffer>,
    start: number,
    length: number,
    offset: number,
  ): void {
    const calls = this.#calls;
    const address = addressOf(bytes.buffer) + bytes.byteOffset + start;
    for (let done = 0; done < length;) {
      const written = calls.pwrite(descriptor, address + done, length - done, offset + done);
      if (written >= 0) done += written;
      else this.#checkInterrupted();
    }
  }

  setSize({ descriptor }: StagedFile, size: number): void {
    this.#check(this.#calls.ftruncate(descriptor, size));
  }

  identityOf({ descriptor }: StagedFile): FileIdentity {
    const statx = this.#statx;
    if (!statx.fillOpen(descriptor)) throw new SystemCallError(this.#calls.errno());
    return identityOfStat(statx);
  }

  isSameLink({ temporary }: StagedFile, name: number): boolean {
    const directory = this.#directory;
    const target = directory.readLink(temporary)?.slice();
    if (target) return equals(target, directory.readLink(name) ?? new Uint8Array());
    const statx = this.#statx;
    if (!statx.fill(directory.descriptor, temporary, AT_SYMLINK_NOFOLLOW)) return false;
    const identity = identityOfStat(statx);
    return statx.fill(directory.descriptor, name, AT_SYMLINK_NOFOLLOW) && isSameFile(identity, statx);
  }

  temporaryOf(): string {
    return this.#names.text();
  }

  detach(staged: StagedFile): { close(): void } {
    const { descriptor } = staged;
    staged.descriptor = -1;
    return { close: () => this.#calls.close(descriptor) };
  }

  discard(staged: StagedFile): void {
    const { descriptor, access } = this.#directory;
    const open = staged.place >= 0 ? staged.place : staged.descriptor;
    const isChecked = open >= 0 && (access.shared || staged.identity !== undefined);
    if (isChecked && !this.#naming.isNameOf(open, descriptor, staged.temporary)) return;
    this.#calls.unlinkat(descriptor, staged.temporary, 0);
  }

  close(staged: StagedFile): void {
    staged.close(this.#calls);
  }

  /** Opens the directory of the first name of a hard link (O_PATH). @throws {FileError} */
  #openDirectory({ root, directory }: LinkSource, text: string): number {
    const { path, directoryOnly, closeOnExec } = this.#calls.flags;
    const above = this.#directory.directories.open(root, directory, { create: false });
    const itself = new PinnedBuffer(2).putName(encodeName("."));
    const opened = openOnce(this.#calls, above, itself, path | directoryOnly | closeOnExec);
    if (opened < 0) throw failedCall("link to", text, -opened);
    return opened;
  }

  /** Notes a new link, which this copy must not follow. */
  #noteLink({ place, temporary }: StagedFile): void {
    const { options: { dirlinks }, descriptor } = this.#directory;
    if (!dirlinks) return;
    // If others can write to the directory, the name may refer to another link.
    const isFilled = place >= 0
      ? this.#statx.fillOpen(place)
      : this.#statx.fill(descriptor, temporary, AT_SYMLINK_NOFOLLOW);
    if (!isFilled) throw new SystemCallError(this.#calls.errno());
    noteCreatedLink(dirlinks, { dev: this.#statx.dev, inode: this.#statx.inode });
  }

  /** Returns a link without a descriptor, under the next temporary name. */
  #newLink(): StagedFile {
    this.#names.next();
    return new StagedFile().reset(this.#names.address, -1);
  }

  /**
   * Opens a link that was created (O_PATH) in a directory that others can write to.
   *
   * @throws {FileError} If its temporary name refers to another file.
   */
  #openLink(link: StagedFile, name: number, isCreated: (statx: Statx, place: number) => boolean): StagedFile {
    const directory = this.#directory;
    if (!directory.access.shared) return link;
    const calls = this.#calls;
    link.place = openEntry(calls, directory.descriptor, link.temporary);
    const isOpen = link.place >= 0 && this.#statx.fillOpen(link.place);
    if (isOpen && isCreated(this.#statx, link.place)) return link;
    link.close(calls);
    throw planted("create", directory.textOf(name));
  }

  #check(result: number): void {
    if (result !== 0) throw new SystemCallError(this.#calls.errno());
  }

  /** @throws {SystemCallError} If the call failed for another reason than a signal. */
  #checkInterrupted(): void {
    const errno = this.#calls.errno();
    if (errno !== Errno.EINTR) throw new SystemCallError(errno);
  }
}

/** Returns whether an open file is a symbolic link to the target. */
function isLink(calls: FileCalls, place: number, target: Uint8Array): boolean {
  const found = new PinnedBuffer(LONGEST_TARGET_BYTES + 1);
  // With an empty name readlinkat(2) reads the open link, and fails for any other file.
  const name = found.putName(new Uint8Array());
  const length = calls.readlinkat(place, name, found.address, found.bytes.length);
  return length === target.length && equals(target, found.bytes.subarray(0, length));
}
