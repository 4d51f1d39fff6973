/**
 * Records: what a pack unit is made of. The walk writes records without contents (a plan); the sending stream copies
 * them into a frame and puts each file's contents behind its record; the receiving stream reads them there. Layout in
 * PROTOCOL.md, "Records". Nothing here takes memory per record.
 */

import { ProtocolError } from "../../errors.ts";
import { ALIGNMENT, alignUp } from "./alignment.ts";
import { MAX_XATTRS_BYTES } from "../limits.ts";
import { checkName, checkPath } from "../wire_path.ts";
import { checkXattrs } from "./xattrs.ts";

/** What a record says. */
export const RecordType = {
  /** The directory (root, path) is the current one for the records that follow. */
  enter: 1,
  /** As `enter`, and this directory has the record's attributes. */
  directory: 2,
  /** A regular file in the current directory; its contents follow the name. An empty name is the root itself. */
  file: 3,
  /** A symbolic link in the current directory; its target follows the name. */
  symlink: 4,
  /** One more name of a file that was sent before; its first path, relative to the same root, follows the name. */
  hardlink: 5,
} as const;

/** Bytes before the name. */
export const RECORD_HEADER_BYTES = 64;

/** Where the fields stand; integers are little-endian, 64-bit ones are two halves of 32 bits. */
export const RecordField = {
  type: 0,
  /** Bits 16 to 23 of the root. */
  rootHigh: 1,
  nameLength: 2,
  root: 4,
  /** Bytes of extended attributes behind the name, as a number of units of 64 bytes. */
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
 * A bit of the mode of a file: it was changed a moment before it was read, so that one more change may leave it the time that
 * stands here. A receiver that remembers what it has finished leaves it out.
 */
export const FRESH_CHANGE = 0x80000000;

const HALF = 2 ** 32;

/** Writes a whole number of 0 to 2**53 - 1 as 64 bits. */
export function putUint53(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, Math.floor(value / HALF), true);
}

/** Reads 64 bits as a whole number; one above 2**53 - 1 is not exact. */
export function getUint53(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * HALF;
}

/** Writes a whole number of -(2**53 - 1) to 2**53 - 1 as 64 bits, two's complement. */
export function putInt53(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setInt32(at + 4, Math.floor(value / HALF), true);
}

/** Reads 64 bits, two's complement. */
export function getInt53(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getInt32(at + 4, true) * HALF;
}

/**
 * Where contents begin in a record without extended attributes: behind header, name, NUL, and zeros up to a multiple of
 * 64 (alignment.ts).
 */
export function contentOffset(nameBytes: number): number {
  return alignUp(RECORD_HEADER_BYTES + nameBytes + 1);
}

/** Bytes that a record takes: header, name, NUL, zeros, contents, zeros. */
export function recordBytes(nameBytes: number, contentBytes: number): number {
  return contentOffset(nameBytes) + alignUp(contentBytes);
}

/**
 * Walks over the records in bytes[start, end) without taking memory. In a plan a file's record has no contents; in a
 * frame it has. `next` moves to the next record and sets the fields.
 */
export class RecordCursor {
  /** One of `RecordType`. */
  type = 0;
  root = 0;
  /** First byte of the record. */
  start = 0;
  nameStart = 0;
  /** One past the last byte of the name, where a NUL stands. */
  nameEnd = 0;
  /** First byte of the extended attributes (xattrs.ts), which reach up to `contentStart`. */
  xattrStart = 0;
  contentStart = 0;
  /** Bytes of contents that follow the name: of a file in a frame, of a link's target always, else 0. */
  contentBytes = 0;
  /** One past the last byte of the contents. */
  contentEnd = 0;
  /** One past the last byte of the record. */
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

  /** Starts again on the same bytes, at another place. */
  reset(start: number, end: number): void {
    this.end = start;
    this.#limit = end;
  }

  /**
   * Moves to the next record.
   *
   * @returns false at the end.
   * @throws {ProtocolError} code "bad-record" or "bad-path"; in every record that was returned names are checked.
   */
  next(): boolean {
    const at = this.end;
    if (at === this.#limit) return false;
    if (at + RECORD_HEADER_BYTES + 1 > this.#limit) throw badRecord("it is cut short");
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
    if (this.contentStart > this.#limit) throw badRecord("its name is cut short");
    if (this.#bytes[this.nameEnd] !== 0) throw badRecord("its name does not end with NUL");
    if (view.getUint32(at + RecordField.mtimeNs, true) > 999_999_999) throw badRecord("its time is out of range");
    if (view.getUint32(at + RecordField.atimeNs, true) > 999_999_999) throw badRecord("its time is out of range");
    this.#checkType();
    if (xattrBytes > 0) this.#checkXattrs(xattrBytes);
    this.contentEnd = this.contentStart + this.contentBytes;
    this.end = this.contentStart + alignUp(this.contentBytes);
    if (this.end > this.#limit) throw badRecord("its contents are cut short");
    return true;
  }

  /** A 32-bit field of the current record: mode, uid, gid, mtimeNs, atimeNs or crc32. */
  uint32(field: number): number {
    return this.#view.getUint32(this.start + field, true);
  }

  /** mtime or atime of the current record: whole seconds since 1970. */
  seconds(field: number): number {
    return getInt53(this.#view, this.start + field);
  }

  /** A number for the file as it is at the sender: another one when it changes. */
  version(): number {
    return getUint53(this.#view, this.start + RecordField.version);
  }

  /** Extended attributes of the current record, undefined when it has none: a view of the same bytes. */
  xattrs(): Uint8Array | undefined {
    return this.xattrStart === this.contentStart ? undefined : this.#bytes.subarray(this.xattrStart, this.contentStart);
  }

  #checkXattrs(length: number): void {
    const { type } = this;
    if (type === RecordType.enter || type === RecordType.hardlink) throw badRecord("it cannot have attributes");
    if (length > MAX_XATTRS_BYTES) throw badRecord(`it has ${length} bytes of extended attributes`);
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
        throw badRecord(`type ${this.type} is not known`);
    }
  }
}

function badRecord(state: string): ProtocolError {
  return new ProtocolError("bad-record", `Cannot read a record from the other side: ${state}`);
}
