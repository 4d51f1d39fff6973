/** Lists directories with getdents64(2): names as bytes, in a buffer of fixed size. */

import { Errno } from "../../native/libc/errno.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, type FileCalls } from "../../native/file/calls.ts";
import { PinnedBuffer } from "../../native/file/pinned_buffer.ts";
import { Statx } from "../../native/file/statx.ts";
import { pointsOutside } from "../target/confinement.ts";
import type { SourceRoot } from "../engine/source.ts";
import { failedCall } from "../stat/file_failure.ts";
import { UNKNOWN_FILE } from "../stat/file_identity.ts";
import { FileKind, FileStat } from "../stat/file_stat.ts";
import type { DirectoryLister } from "../engine/directory_lister.ts";
import type { GlobEntry } from "../glob/expand.ts";
import { joinPath } from "../path/local_path.ts";
import type { NativeDirectories } from "./directories.ts";
import { descriptorPath, isOpenWithin, LONGEST_PATH_BYTES, openOnce, openPath, SCRATCH_BYTES } from "./open.ts";
import { readStat } from "./stat.ts";
import type { XattrReader } from "./xattrs.ts";

const LISTING_BYTES = 64 << 10;
/** struct linux_dirent64: inode and offset (8 each), length (2), type (1), name. */
const NAME_OFFSET = 19;
const DOT = 0x2e;
/** Shift from DT_FIFO, DT_CHR and so on to the kind in st_mode; DT_UNKNOWN is 0. */
const KIND_SHIFT = 12;

export class NativeLister implements DirectoryLister {
  readonly stat = new FileStat();
  readonly names: Uint8Array;
  nameStart = 0;
  nameEnd = 0;
  kind = 0;
  readonly xattrs?: DirectoryLister["xattrs"];

  readonly #calls: FileCalls;
  readonly #directories: NativeDirectories | undefined;
  readonly #statx: Statx;
  readonly #listing = new PinnedBuffer(LISTING_BYTES);
  readonly #path = new PinnedBuffer(SCRATCH_BYTES);
  #next = 0;
  #filled = 0;
  #descriptor = -1;
  #text = "";

  /** @param options.directories Resolves paths below a root without following links. Default: the system resolves paths. */
  constructor(
    calls: FileCalls,
    { xattrs, directories }: { xattrs?: XattrReader; directories?: NativeDirectories } = {},
  ) {
    this.#calls = calls;
    this.#directories = directories;
    this.#statx = new Statx(calls);
    this.names = this.#listing.bytes;
    if (xattrs) this.xattrs = (of, options) => this.#readXattrs(xattrs, of, options);
  }

  statRoot(root: SourceRoot): void {
    this.closeDirectory();
    this.#text = root.path;
    if (this.xattrs) {
      // The status and the extended attributes must be those of one file.
      const { path, closeOnExec } = this.#calls.flags;
      const place = openPath(this.#calls, AT_FDCWD, encodeName(root.path), path | closeOnExec, this.#path);
      if (place < 0) throw failedCall("read", root.path, -place);
      this.#descriptor = place;
      this.#statOpen();
      return;
    }
    const name = this.#path.putName(encodeName(root.path));
    if (!this.#statx.fill(AT_FDCWD, name, 0)) throw failedCall("read", root.path, this.#calls.errno());
    readStat(this.#statx, this.stat);
  }

  openDirectory(root: SourceRoot, path: string, options: { follow: boolean; index?: number }): void {
    this.closeDirectory();
    const calls = this.#calls;
    const text = joinPath(root.path, path);
    const { directoryOnly, closeOnExec, noFollow } = calls.flags;
    const beneath = this.#directories?.open(options.index ?? 0, path, { create: false });
    const result = beneath !== undefined
      ? openOnce(calls, beneath, this.#dot(), directoryOnly | closeOnExec)
      : openPath(
        calls,
        AT_FDCWD,
        encodeName(text),
        directoryOnly | closeOnExec | (options.follow ? 0 : noFollow),
        this.#path,
      );
    if (result < 0) throw failedCall("read", text, -result);
    this.#descriptor = result;
    this.#text = text;
    // `#directories` has checked the root.
    if (!this.#directories && root.within !== undefined && !isOpenWithin(calls, result, root.within, this.#path)) {
      throw pointsOutside("read", text, root.within);
    }
    this.#next = this.#filled = 0;
    this.#statOpen();
  }

  nextEntry(): boolean {
    const { bytes, view } = this.#listing;
    for (;;) {
      if (this.#next >= this.#filled && !this.#fill()) return false;
      const at = this.#next;
      this.#next = at + view.getUint16(at + 16, true);
      const start = at + NAME_OFFSET;
      if (bytes[start] === DOT && (bytes[start + 1] === 0 || (bytes[start + 1] === DOT && bytes[start + 2] === 0))) {
        continue;
      }
      let end = start + 1;
      while (bytes[end] !== 0) end++;
      this.nameStart = start;
      this.nameEnd = end;
      this.kind = bytes[at + 18] << KIND_SHIFT;
      return true;
    }
  }

  nameText(): string {
    return decodeName(this.names.subarray(this.nameStart, this.nameEnd));
  }

  statEntry(options: { follow: boolean }): void {
    const name = this.#listing.address + this.nameStart;
    if (!this.#statx.fill(this.#descriptor, name, options.follow ? 0 : AT_SYMLINK_NOFOLLOW)) {
      throw this.#failed();
    }
    readStat(this.#statx, this.stat);
  }

  linkTarget(): Uint8Array {
    const { address, bytes } = this.#path;
    const name = this.#listing.address + this.nameStart;
    const length = this.#calls.readlinkat(this.#descriptor, name, address, LONGEST_PATH_BYTES);
    if (length < 0) throw this.#failed();
    return bytes.slice(0, length);
  }

  closeDirectory(): void {
    if (this.#descriptor >= 0) this.#calls.close(this.#descriptor);
    this.#descriptor = -1;
  }

  /** Descriptor of the open directory; the next call closes it. */
  get descriptor(): number {
    return this.#descriptor;
  }

  /** Examines the open descriptor. */
  #statOpen(): void {
    if (!this.#statx.fillOpen(this.#descriptor)) throw failedCall("read", this.#text, this.#calls.errno());
    readStat(this.#statx, this.stat);
  }

  #dot(): number {
    return this.#path.putName(encodeName("."));
  }

  #readXattrs(
    xattrs: XattrReader,
    of: "root" | "directory" | "entry",
    options: { follow: boolean },
  ): Uint8Array<ArrayBuffer> | undefined {
    const directory = descriptorPath(this.#descriptor);
    if (of !== "entry") return xattrs.read(directory, this.#text, { follow: true });
    const name = this.nameText();
    return xattrs.read(`${directory}/${name}`, joinPath(this.#text, name), options);
  }

  #fill(): boolean {
    const got = this.#calls.getdents64(this.#descriptor, this.#listing.address, LISTING_BYTES);
    if (got < 0) {
      const errno = this.#calls.errno();
      // The directory was removed while it was listed, so it is empty.
      if (errno === Errno.ENOENT) return false;
      throw failedCall("read", this.#text, errno);
    }
    this.#next = 0;
    this.#filled = got;
    return got > 0;
  }

  #failed() {
    const errno = this.#calls.errno();
    return failedCall("read", joinPath(this.#text, this.nameText()), errno);
  }
}

/** Lists a directory. The caller must read to the end. @throws {FileError} */
export function* listDirectory(calls: FileCalls, path: string): Generator<GlobEntry> {
  const lister = new NativeLister(calls);
  const root: SourceRoot = { path, name: "", kind: "folder", identity: UNKNOWN_FILE, size: 0 };
  lister.openDirectory(root, "", { follow: true });
  try {
    while (lister.nextEntry()) {
      const kind = lister.kind || kindByStat(lister);
      yield { name: lister.nameText(), isDirectory: kind === FileKind.directory, isLink: kind === FileKind.symlink };
    }
  } finally {
    lister.closeDirectory();
  }
}

/** Returns the kind of an entry for file systems whose listings lack it. */
function kindByStat(lister: NativeLister): number {
  try {
    lister.statEntry({ follow: false });
    return lister.stat.kind;
  } catch {
    // The entry was removed.
    return 0;
  }
}
