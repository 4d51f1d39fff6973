/** Files and links of the sender whose copies the receiver has confirmed, in little memory: tens of bytes per entry. */

import { fileVersion } from "../../files/stat/file_change.ts";
import { forEachEntry } from "../../files/walk/plan_entries.ts";
import { type RecordCursor, RecordField, RecordType } from "../../protocol/data/records.ts";
import { decodeName, encodeName } from "../../protocol/names.ts";
import { splitRelativePath } from "../../files/path/local_path.ts";
import type { RangedItem } from "../../streams/unit.ts";

/** A confirmed entry, with the status that the walk has found. */
export interface ConfirmedEntry {
  root: number;
  /** Directory of the entry, relative to the root. */
  directory: string;
  /** Name in the directory; "" for the root itself. */
  name: string;
  /** One of `RecordType`: a file or a link. Of a hard link only the path is known. */
  type: number;
  size: number;
  mtime: number;
  mtimeNs: number;
  /** As `fileVersion`, as `entryMark` for a symbolic link; 0 for a hard link. */
  version: number;
}

/** Receives the entries whose copies are confirmed. */
export interface ConfirmedHost {
  /** @param isConfirmed 1 per record other than `enter` that is confirmed. */
  pack(plan: Uint8Array<ArrayBuffer>, isConfirmed: Uint8Array): void;
  large(item: RangedItem): void;
}

function versionOf(record: RecordCursor): number {
  if (record.type === RecordType.file) return record.version();
  return record.type === RecordType.symlink ? record.uint32(RecordField.crc32) : 0;
}

/** Size of the memory that is added at a time, in bytes. More than a directory or entry needs. */
const CHUNK_BYTES = 256 << 10;
/** Tag of a directory; other tags are those of `RecordType`. */
const DIRECTORY = RecordType.enter;
/** Bytes of an entry without its name: tag, length of the name, size, mtime, mtimeNs, version. */
const ENTRY_BYTES = 31;
/** Bytes of a directory without its path: tag, length of the path, root. */
const DIRECTORY_BYTES = 7;

/** A list of confirmed entries, which only grows. */
export class ConfirmedSources implements ConfirmedHost {
  readonly #chunks: DataView<ArrayBuffer>[] = [];
  /** Number of bytes in the last chunk. */
  #end = CHUNK_BYTES;
  #directory?: { root: number; path: string };
  /** Number of entries. */
  count = 0;
  /** Whether there are hard links. */
  hasHardLinks = false;

  pack(plan: Uint8Array<ArrayBuffer>, isConfirmed: Uint8Array): void {
    forEachEntry(plan, (record, index, path) => {
      const { type, root, size } = record;
      if (isConfirmed[index] !== 1 || type === RecordType.directory) return;
      this.#add(root, path(), {
        type,
        size,
        mtime: record.seconds(RecordField.mtime),
        mtimeNs: record.uint32(RecordField.mtimeNs),
        version: versionOf(record),
      });
    });
  }

  large({ root, path, size, identity, times }: RangedItem): void {
    const { mtime, mtimeNs } = times;
    this.#add(root, path, {
      type: RecordType.file,
      size,
      mtime,
      mtimeNs,
      version: fileVersion({ ...identity, ...times }),
    });
  }

  /** Yields the entries in the order in which they were added. */
  *entries(): Generator<ConfirmedEntry, void> {
    let root = 0;
    let directory = "";
    for (const [index, view] of this.#chunks.entries()) {
      const end = index === this.#chunks.length - 1 ? this.#end : CHUNK_BYTES;
      const text = (at: number, length: number) => decodeName(new Uint8Array(view.buffer, at, length));
      for (let at = 0; at < end && view.getUint8(at) !== 0;) {
        const type = view.getUint8(at);
        const length = view.getUint16(at + 1);
        if (type === DIRECTORY) {
          root = view.getUint32(at + 3);
          directory = text(at + DIRECTORY_BYTES, length);
          at += DIRECTORY_BYTES + length;
          continue;
        }
        const [size, mtime] = [view.getFloat64(at + 3), view.getFloat64(at + 11)];
        const [mtimeNs, version] = [view.getUint32(at + 19), view.getFloat64(at + 23)];
        yield { root, directory, name: text(at + ENTRY_BYTES, length), type, size, mtime, mtimeNs, version };
        at += ENTRY_BYTES + length;
      }
    }
  }

  #add(root: number, path: string, entry: Omit<ConfirmedEntry, "root" | "directory" | "name">): void {
    const { directory, name } = splitRelativePath(path);
    if (this.#directory?.root !== root || this.#directory.path !== directory) this.#enter(root, directory);
    const bytes = encodeName(name);
    const { view, at } = this.#reserve(ENTRY_BYTES + bytes.length);
    const { type, size, mtime, mtimeNs, version } = entry;
    this.count++;
    if (type === RecordType.hardlink) this.hasHardLinks = true;
    view.setUint8(at, type);
    view.setUint16(at + 1, bytes.length);
    view.setFloat64(at + 3, size);
    view.setFloat64(at + 11, mtime);
    view.setUint32(at + 19, mtimeNs);
    view.setFloat64(at + 23, version);
    new Uint8Array(view.buffer).set(bytes, at + ENTRY_BYTES);
  }

  #enter(root: number, path: string): void {
    this.#directory = { root, path };
    const bytes = encodeName(path);
    const { view, at } = this.#reserve(DIRECTORY_BYTES + bytes.length);
    view.setUint8(at, DIRECTORY);
    view.setUint16(at + 1, bytes.length);
    view.setUint32(at + 3, root);
    new Uint8Array(view.buffer).set(bytes, at + DIRECTORY_BYTES);
  }

  /** Returns room for an item. A zero follows the last item of a chunk, unless it is full. */
  #reserve(bytes: number): { view: DataView<ArrayBuffer>; at: number } {
    if (this.#end + bytes > CHUNK_BYTES) {
      this.#chunks.push(new DataView(new ArrayBuffer(CHUNK_BYTES)));
      this.#end = 0;
    }
    const at = this.#end;
    this.#end += bytes;
    return { view: this.#chunks.at(-1)!, at };
  }
}
