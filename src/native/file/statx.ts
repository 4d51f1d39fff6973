/** Attributes of a file from statx(2), read in place. */

import { addressOf, AT_EMPTY_PATH, type FileCalls } from "./calls.ts";

/** Bits of stx_attributes (statx(2)). */
const IMMUTABLE = 0x10;
const APPEND_ONLY = 0x20;
/** Linux 5.8 and later. */
const MOUNT_ROOT = 0x2000;
/** Bits of st_mode with the kind of a file (inode(7)). */
export const S_IFMT = 0o170000;
/** Weight of the upper half of a 64-bit field. */
const HALF = 2 ** 32;
/** Size of struct statx. */
const STATX_BYTES = 256;

/** A reusable struct statx and its fields. */
export class Statx {
  readonly address: number;
  readonly #view: DataView<ArrayBuffer>;
  readonly #calls: FileCalls;

  constructor(calls: FileCalls) {
    // The struct, and an empty name, which stands for the open file itself.
    const buffer = new ArrayBuffer(STATX_BYTES + 8);
    this.#view = new DataView(buffer);
    this.address = addressOf(buffer);
    this.#calls = calls;
  }

  /**
   * Reads the attributes of `name` (an address) in a directory.
   *
   * @param flags 0, AT_SYMLINK_NOFOLLOW or AT_EMPTY_PATH.
   * @returns false on failure, with the reason in errno.
   */
  fill(directory: number, name: number, flags: number): boolean {
    return this.#calls.statx(directory, name, flags, this.address) === 0;
  }

  /**
   * As `fill`, for an open file, which may be opened with O_PATH.
   *
   * @param sync 0, or AT_STATX_FORCE_SYNC: a network file system asks its server instead of a cache.
   */
  fillOpen(descriptor: number, sync = 0): boolean {
    return this.#calls.statx(descriptor, this.address + STATX_BYTES, AT_EMPTY_PATH | sync, this.address) === 0;
  }

  /** Whether chattr(1) has made the file immutable; false if the file system does not report it. */
  get isImmutable(): boolean {
    return (this.#attributes & IMMUTABLE) !== 0;
  }

  /** Whether chattr(1) has made the file append-only; false if the file system does not report it. */
  get isAppendOnly(): boolean {
    return (this.#attributes & APPEND_ONLY) !== 0;
  }

  /** Whether the file is a mount point, of a file system or of a single file; undefined before Linux 5.8. */
  get isMountPoint(): boolean | undefined {
    const isKnown = (this.#view.getUint32(56, true) & MOUNT_ROOT) !== 0;
    return isKnown ? (this.#attributes & MOUNT_ROOT) !== 0 : undefined;
  }

  /** Lower 32 bits of stx_attributes. */
  get #attributes(): number {
    return this.#view.getUint32(8, true);
  }

  /** Kind and permissions, as st_mode. */
  get mode(): number {
    return this.#view.getUint16(28, true);
  }

  /** Kind of the file: the S_IFMT bits of st_mode, as in `FileKind`. */
  get kind(): number {
    return this.mode & S_IFMT;
  }

  get links(): number {
    return this.#view.getUint32(16, true);
  }

  get uid(): number {
    return this.#view.getUint32(20, true);
  }

  get gid(): number {
    return this.#view.getUint32(24, true);
  }

  /** Not exact above 2**53; `inodeLow` has the lower 32 bits. */
  get inode(): number {
    return this.inodeLow + this.#view.getUint32(36, true) * HALF;
  }

  get inodeLow(): number {
    return this.#view.getUint32(32, true);
  }

  get size(): number {
    return this.#view.getUint32(40, true) + this.#view.getUint32(44, true) * HALF;
  }

  get atime(): number {
    return this.#view.getUint32(64, true) + this.#view.getInt32(68, true) * HALF;
  }

  get atimeNs(): number {
    return this.#view.getUint32(72, true);
  }

  get ctime(): number {
    return this.#view.getUint32(96, true) + this.#view.getInt32(100, true) * HALF;
  }

  get ctimeNs(): number {
    return this.#view.getUint32(104, true);
  }

  get mtime(): number {
    return this.#view.getUint32(112, true) + this.#view.getInt32(116, true) * HALF;
  }

  get mtimeNs(): number {
    return this.#view.getUint32(120, true);
  }

  /** Device number in the encoding of st_dev (makedev(3)), as `Deno.stat` returns it. */
  get dev(): number {
    const major = this.#view.getUint32(136, true);
    const minor = this.#view.getUint32(140, true);
    return (minor & 0xff) + (major & 0xfff) * 0x100 + (minor >>> 8) * 2 ** 20 + (major >>> 12) * 2 ** 44;
  }
}
