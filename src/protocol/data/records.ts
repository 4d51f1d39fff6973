/**
 * Records: the entries of a pack. The walk writes a plan, which is records without contents. The sending stream copies
 * the plan into a frame, with each file's contents after its record. Layout: WIRE_FORMAT.md, "Records". The code allocates
 * no memory per record.
 */

import { ProtocolError } from "../../errors.ts";
import { ALIGNMENT, alignUp } from "./alignment.ts";
import { MAX_XATTRS_BYTES } from "../limits.ts";
import { checkName, checkPath } from "../wire_path.ts";
import { checkXattrs } from "./xattrs.ts";

/** Type of a record. */
export const RecordType = {
  /** Makes the directory (root, path) the current one for the following records. */
  enter: 1,
  /** As `enter`, and the directory has the record's attributes. */
  directory: 2,
  /** A regular file in the current directory. Its contents follow the name. An empty name means the root itself. */
  file: 3,
  /** A symbolic link in the current directory. Its target follows the name. */
  symlink: 4,
  /** A hard link to a file that was sent before. Its first path, relative to the same root, follows the name. */
  hardlink: 5,
} as const;

/** Length of the header, before the name. */
export const RECORD_HEADER_BYTES = 64;

/** Offsets of the fields. Integers are little-endian. */
export const RecordField = {
  type: 0,
  /** Bits 16 to 23 of the root. */
  rootHigh: 1,
  nameLength: 2,
  root: 4,
  /** Length of the extended attributes after the name, in units of 64 bytes. */
  xattrUnits: 6,
  mode: 8,
  uid: 12,
  gid: 16,
  mtimeNs: 20,
  atimeNs: 24,
  crc32: 28,
  size: 32,
  mtime: 40,
  atime: 48,
  version: 56,
} as const;

/**
 * Bit of the mode of a file that changed just before it was read. Another change may leave its time the same, so the
 * receiver must not remember it as finished.
 */
export const FRESH_CHANGE = 0x80000000;

const HALF = 2 ** 32;

/** Writes an integer from 0 to 2**53 - 1 as 64 bits. */
export function putUint53(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / HALF), true);
}

/** Reads 64 bits as an integer. Above 2**53 - 1 the result is not exact. */
export function getUint53(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * HALF;
}

/** Writes an integer from -(2**53 - 1) to 2**53 - 1 as 64 bits, two's complement. */
export function putInt53(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setInt32(at + 4, Math.floor(value / HALF), true);
}

/** Reads 64 bits, two's complement. */
export function getInt53(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getInt32(at + 4, true) * HALF;
}

/**
 * Returns the offset of the contents in a record without extended attributes: after header, name, NUL, and zeros up to a
 * multiple of 64 (alignment.ts).
 */
export function contentOffset(nameBytes: number): number {
  return alignUp(RECORD_HEADER_BYTES + nameBytes + 1);
}

/** Returns the length of a record: header, name, NUL, zeros, contents, zeros. */
export function recordBytes(nameBytes: number, contentBytes: number): number {
  return contentOffset(nameBytes) + alignUp(contentBytes);
}

/**
 * Iterates over the records in bytes[start, end) without allocating memory. In a plan the record of a file has no
 * contents. `next` moves to the next record and sets the fields.
 */
export class RecordCursor {
  /** One of `RecordType`. */
  type = 0;
  root = 0;
  /** Offset of the record. */
  start = 0;
  nameStart = 0;
  /** Offset of the NUL after the name. */
  nameEnd = 0;
  /** Offset of the extended attributes (xattrs.ts), which end at `contentStart`. */
  xattrStart = 0;
  contentStart = 0;
  /** Length of the contents: of a file in a frame, or of a link's target; otherwise 0. */
  contentBytes = 0;
  /** Offset after the contents. */
  contentEnd = 0;
  /** Offset after the record. */
  end = 0;
  /** The size field. */
  size = 0;

  #bytes: Uint8Array;
  #view: DataView;
  #limit: number;
  readonly #plan: boolean;

  constructor(bytes: Uint8Array, start: number, end: number, options: { plan: boolean }) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limit = end;
    this.#plan = options.plan;
    this.end = start;
  }

  /** Continues with the records in [start, end) of the same bytes. */
  reset(start: number, end: number): void {
    this.end = start;
    this.#limit = end;
  }

  /**
   * Moves to the next record.
   *
   * @returns false at the end.
   * @throws {ProtocolError} code "bad-record", or "bad-path" for a wrong name.
   */
  next(): boolean {
    const at = this.end;
    if (at === this.#limit) return false;
    if (at + RECORD_HEADER_BYTES + 1 > this.#limit) throw badRecord("it is truncated");
    const view = this.#view;
    this.start = at;
    this.type = view.getUint8(at + RecordField.type);
    this.root = view.getUint16(at + RecordField.root, true) | view.getUint8(at + RecordField.rootHigh) << 16;
    this.size = getUint53(view, at + RecordField.size);
    this.nameStart = at + RECORD_HEADER_BYTES;
    this.nameEnd = this.nameStart + view.getUint16(at + RecordField.nameLength, true);
    const xattrBytes = view.getUint16(at + RecordField.xattrUnits, true) * ALIGNMENT;
    this.xattrStart = at + contentOffset(this.nameEnd - this.nameStart);
    this.contentStart = this.xattrStart + xattrBytes;
    if (this.contentStart > this.#limit) throw badRecord("its name is truncated");
    if (this.#bytes[this.nameEnd] !== 0) throw badRecord("its name does not end with NUL");
    if (view.getUint32(at + RecordField.mtimeNs, true) > 999_999_999) throw badRecord("its time is out of range");
    if (view.getUint32(at + RecordField.atimeNs, true) > 999_999_999) throw badRecord("its time is out of range");
    this.#checkType();
    if (xattrBytes > 0) this.#checkXattrs(xattrBytes);
    this.contentEnd = this.contentStart + this.contentBytes;
    this.end = this.contentStart + alignUp(this.contentBytes);
    if (this.end > this.#limit) throw badRecord("its contents are truncated");
    return true;
  }

  /** Returns a 32-bit field: mode, uid, gid, mtimeNs, atimeNs or crc32. */
  uint32(field: number): number {
    return this.#view.getUint32(this.start + field, true);
  }

  /** Sets uid and gid of the current record. */
  setOwner(uid: number, gid: number): void {
    this.#view.setUint32(this.start + RecordField.uid, uid, true);
    this.#view.setUint32(this.start + RecordField.gid, gid, true);
  }

  /** Sets the mode of the current record. */
  setMode(mode: number): void {
    this.#view.setUint32(this.start + RecordField.mode, mode, true);
  }

  /** Returns mtime or atime, in seconds since 1970. */
  seconds(field: number): number {
    return getInt53(this.#view, this.start + field);
  }

  /** Returns the version of the file at the sender. It changes with every change of the file. */
  version(): number {
    return getUint53(this.#view, this.start + RecordField.version);
  }

  /** Returns the root of the first path of a hard link. */
  firstRoot(): number {
    const version = this.version();
    return version === 0 ? this.root : version - 1;
  }

  /** Returns the extended attributes as a view of the same bytes, undefined if there are none. */
  xattrs(): Uint8Array | undefined {
    return this.xattrStart === this.contentStart ? undefined : this.#bytes.subarray(this.xattrStart, this.contentStart);
  }

  #checkXattrs(length: number): void {
    const { type } = this;
    if (type === RecordType.enter || type === RecordType.hardlink) {
      throw badRecord("its type cannot have extended attributes");
    }
    if (length > MAX_XATTRS_BYTES) throw badRecord(`its extended attributes have ${length} bytes`);
    checkXattrs(this.#bytes.subarray(this.xattrStart, this.contentStart));
  }

  #checkType(): void {
    switch (this.type) {
      case RecordType.enter:
      case RecordType.directory:
        checkPath(this.#bytes, this.nameStart, this.nameEnd);
        this.contentBytes = 0;
        break;
      case RecordType.file:
        if (this.nameEnd > this.nameStart) checkName(this.#bytes, this.nameStart, this.nameEnd);
        this.contentBytes = this.#plan ? 0 : this.size;
        break;
      case RecordType.symlink:
      case RecordType.hardlink:
        if (this.nameEnd > this.nameStart) checkName(this.#bytes, this.nameStart, this.nameEnd);
        this.contentBytes = this.size;
        break;
      default:
        throw badRecord(`type ${this.type} is unknown`);
    }
  }
}

function badRecord(problem: string): ProtocolError {
  return new ProtocolError("bad-record", `Cannot read a record from the peer: ${problem}`);
}
