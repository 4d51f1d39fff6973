/** Collects records without contents into a plan. See WIRE_FORMAT.md, "Records". */

import { ALIGNMENT } from "../../protocol/data/alignment.ts";
import { PACK_BYTES, PACK_RECORDS } from "../../protocol/limits.ts";
import {
  contentOffset,
  putInt53,
  putUint53,
  RECORD_HEADER_BYTES,
  recordBytes,
  RecordField,
  RecordType,
} from "../../protocol/data/records.ts";
import type { WalkItem } from "../engine/source.ts";
import type { Attributes, FileStat } from "../stat/file_stat.ts";
import { entryMark, fileVersion } from "../stat/file_change.ts";

/** Size at which a plan is closed, even with few records: paths may be long, and it must fit into frames. */
const PLAN_BYTES = 128 << 10;
const NO_BYTES = new Uint8Array(0);
const NO_ATTRIBUTES: Attributes = { mode: 0, uid: 0, gid: 0, mtime: 0, mtimeNs: 0, atime: 0, atimeNs: 0 };

export type Pack = Extract<WalkItem, { type: "pack" }>;

/** A plan that is being built. After `take`, the next plan starts in the same directory. */
export class PackBuilder {
  #bytes = new Uint8Array(PLAN_BYTES + 4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #records = 0;
  #files = 0;
  #contents = 0;
  #links = false;
  #entered = false;
  #root = 0;
  #path: Uint8Array = NO_BYTES;

  /** Returns whether a file with this number of bytes, or another record, belongs in the next pack. */
  isFull(contentBytes = 0): boolean {
    if (this.#records === 0) return false;
    return this.#records >= PACK_RECORDS || this.#length >= PLAN_BYTES || this.#contents + contentBytes > PACK_BYTES;
  }

  /** Enters a directory; with attributes it gets a record of its own. */
  enter(root: number, path: Uint8Array, attributes?: Attributes, xattrs?: Uint8Array): void {
    this.#root = root;
    this.#path = path;
    this.#entered = attributes !== undefined;
    if (!attributes) return;
    this.#put(RecordType.directory, path, 0, path.length, attributes, NO_BYTES, xattrs);
    this.#records++;
  }

  /** Adds the file names[start, end) of the current directory. */
  addFile(names: Uint8Array, start: number, end: number, stat: FileStat, xattrs?: Uint8Array): void {
    this.#enterOnce();
    const at = this.#put(RecordType.file, names, start, end, stat, NO_BYTES, xattrs);
    putUint53(this.#view, at + RecordField.size, stat.size);
    putUint53(this.#view, at + RecordField.version, fileVersion(stat));
    this.#view.setUint32(at + RecordField.crc32, entryMark(stat), true);
    this.#records++;
    this.#files++;
    this.#contents += stat.size;
  }

  /** Adds a symbolic link with its target, or a hard link with the path and root of its first name. */
  addLink(
    type: number,
    names: Uint8Array,
    start: number,
    end: number,
    target: Uint8Array,
    stat: FileStat,
    xattrs?: Uint8Array,
    firstRoot = this.#root,
  ): void {
    this.#enterOnce();
    const at = this.#put(type, names, start, end, stat, target, xattrs);
    putUint53(this.#view, at + RecordField.size, target.length);
    if (firstRoot !== this.#root) putUint53(this.#view, at + RecordField.version, firstRoot + 1);
    this.#records++;
    if (type === RecordType.hardlink) this.#links = true;
    else this.#view.setUint32(at + RecordField.crc32, entryMark(stat), true);
  }

  /** Returns the plan so far; undefined if it is empty. */
  take(): Pack | undefined {
    const records = this.#records;
    if (records === 0) {
      this.#length = 0;
      this.#entered = false;
      return undefined;
    }
    const plan = this.#bytes.slice(0, this.#length);
    const pack: Pack = {
      type: "pack",
      plan,
      records,
      files: this.#files,
      bytes: this.#contents,
      links: this.#links,
    };
    this.#length =
      this.#records =
      this.#files =
      this.#contents =
        0;
    this.#entered = this.#links = false;
    return pack;
  }

  #enterOnce(): void {
    if (this.#entered) return;
    this.#entered = true;
    this.#put(RecordType.enter, this.#path, 0, this.#path.length, NO_ATTRIBUTES);
  }

  #put(
    type: number,
    names: Uint8Array,
    start: number,
    end: number,
    from: Attributes,
    tail: Uint8Array = NO_BYTES,
    xattrs: Uint8Array = NO_BYTES,
  ): number {
    const at = this.#length;
    const nameAt = at + RECORD_HEADER_BYTES;
    const nameBytes = end - start;
    const xattrsAt = at + contentOffset(nameBytes);
    const contentAt = xattrsAt + xattrs.length;
    const next = at + recordBytes(nameBytes, tail.length) + xattrs.length;
    this.#reserve(next);
    const bytes = this.#bytes;
    const view = this.#view;
    bytes.fill(0, at, next);
    bytes[at + RecordField.type] = type;
    view.setUint16(at + RecordField.nameLength, nameBytes, true);
    view.setUint16(at + RecordField.root, this.#root & 0xffff, true);
    bytes[at + RecordField.rootHigh] = this.#root >>> 16;
    view.setUint16(at + RecordField.xattrUnits, xattrs.length / ALIGNMENT, true);
    view.setUint32(at + RecordField.mode, from.mode, true);
    view.setUint32(at + RecordField.uid, from.uid, true);
    view.setUint32(at + RecordField.gid, from.gid, true);
    view.setUint32(at + RecordField.mtimeNs, from.mtimeNs, true);
    view.setUint32(at + RecordField.atimeNs, from.atimeNs, true);
    putInt53(view, at + RecordField.mtime, from.mtime);
    putInt53(view, at + RecordField.atime, from.atime);
    for (let index = 0; index < nameBytes; index++) bytes[nameAt + index] = names[start + index];
    if (xattrs.length > 0) bytes.set(xattrs, xattrsAt);
    if (tail.length > 0) bytes.set(tail, contentAt);
    this.#length = next;
    return at;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(bytes * 2);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
