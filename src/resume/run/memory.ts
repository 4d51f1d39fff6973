/** What a copy remembers of itself for a later run: its record, open and locked, and what earlier runs wrote to it. */

import { codeOf } from "../../files/stat/file_failure.ts";
import { encodeName } from "../../protocol/names.ts";
import { DigestSet, Known } from "./digest_set.ts";
import { FileDigests } from "./file_digest.ts";
import type { DigestKey } from "./keyed_digest.ts";
import { lockExisting, lockJournal, removeJournal } from "../partial/lock_journal.ts";
import { openOwnFile, readBeginning } from "../own_file.ts";
import { MAX_HEADER_BYTES } from "../record_header.ts";
import {
  type CreatedDirectory,
  decodeEntries,
  decodeRunHeader,
  type Digest,
  DIGEST_BYTES,
  DIGESTS_HEADER_BYTES,
  encodeDigests,
  encodeDirectory,
  encodeRunHeader,
  MOST_IN_ENTRY,
} from "./record.ts";

/** Where a record is, and what it is about. */
export interface RunPlace {
  /** Path of the record in the state directory. */
  record: string;
  /** Absolute path of the target, without symbolic links. */
  target: string;
}

/** What must agree for the digests of earlier runs to be of use. */
export interface RunIdentity {
  /** All options that decide how a file is written. */
  options: string;
  /** The boot id: another one after each start of the system; undefined if it is not known. */
  bootId?: string;
  /** Files are on stable storage when they are noted: they outlive the system. */
  stable: boolean;
  /** Files that are known are to be compared nevertheless. */
  doubted: boolean;
}

/** What the threads of a copy need of its memory. Plain data: crosses threads. */
export interface SharedMemory {
  key: DigestKey;
  /** Files that earlier runs have finished; undefined: none. */
  known?: SharedArrayBuffer;
}

/** Maximum number of digests that are read or written: 4 million files. The others are sent again. */
const MOST_DIGESTS = 2 ** 22;
const MOST_BYTES = MAX_HEADER_BYTES + MOST_DIGESTS * (DIGESTS_HEADER_BYTES + DIGEST_BYTES);
const NONE: Digest = [0, 0];

/** The record of one copy, locked until `remove` or `close`. */
export class RunMemory {
  /** Whether an earlier run, which has ended, began the record. */
  readonly reopened: boolean;
  /** Directories that earlier runs have created. */
  readonly directories: readonly CreatedDirectory[];
  readonly #path: string;
  readonly #key: DigestKey;
  #file: Deno.FsFile | undefined;
  /** What earlier runs wrote, until the digests are decoded. */
  #earlier: { bytes: Uint8Array<ArrayBuffer>; start: number } | undefined;
  #shared: SharedMemory | undefined;
  #options = NONE;
  #boot = NONE;
  /** Entries that make the record worth keeping: digests and directories. */
  #count = 0;
  /** Whether an entry could not be written: a later run reads the record up to it, and nothing follows. */
  #isCut = false;
  /** Bytes of the record. */
  #bytes: number;

  private constructor(path: string, file: Deno.FsFile, { key, earlier, length }: Opened) {
    this.#path = path;
    this.#file = file;
    this.#key = key;
    this.#earlier = earlier;
    this.#bytes = length;
    this.reopened = earlier !== undefined;
    const directories: CreatedDirectory[] = [];
    if (earlier) {
      decodeEntries(earlier.bytes, earlier.start, {
        digest: () => this.#count++,
        directory: (directory) => void directories.push(directory),
      });
    }
    this.directories = directories;
    this.#count += directories.length;
  }

  /**
   * Opens the record of an earlier run; with `create` it is made if there is none.
   *
   * @returns undefined if there is none, or another copy uses it.
   * @throws what the system says if it cannot be opened or made.
   */
  static async open({ record, target }: RunPlace, { create }: { create: boolean }): Promise<RunMemory | undefined> {
    const file = create ? await lockJournal(record) : await lockExisting(record);
    if (!file) return undefined;
    try {
      return new RunMemory(record, file, await takeOver(file, target) ?? begin(file, target));
    } catch (error) {
      removeJournal(record, file);
      throw error;
    }
  }

  /** Directories that a copy with this record has created, also while another process uses it. */
  static async directoriesOf({ record, target }: RunPlace): Promise<CreatedDirectory[]> {
    const directories: CreatedDirectory[] = [];
    try {
      using file = openOwnFile(record);
      const bytes = file && await readRecord(file);
      const decoded = bytes && decodeRunHeader(bytes);
      if (decoded?.header.target !== target) return [];
      decodeEntries(bytes!, decoded.headerBytes, { directory: (directory) => void directories.push(directory) });
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
    }
    return directories;
  }

  /** Removes what an earlier run has left, unless it is in use. */
  static async forget({ record }: Pick<RunPlace, "record">): Promise<void> {
    try {
      const file = await lockExisting(record);
      if (file) removeJournal(record, file);
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
    }
  }

  /** For the names of temporary files: the same in all runs with this record, and known to nobody else. */
  get token(): string {
    return this.#key.map((half) => half.toString(16).padStart(8, "0")).join("");
  }

  /** For the threads that write; undefined before `remember`. */
  get shared(): SharedMemory | undefined {
    return this.#shared;
  }

  /** Whether `close` leaves the record to a later run. */
  get isKept(): boolean {
    return this.#file !== undefined && this.#count > 0;
  }

  /** Begins to note finished files, and finds those of earlier runs. */
  remember({ options, bootId, stable, doubted }: RunIdentity): void {
    const key = this.#key;
    this.#options = digestOf(key, options);
    this.#boot = bootId === undefined ? NONE : digestOf(key, bootId);
    const count = this.#count - this.directories.length;
    const earlier = this.#earlier;
    this.#earlier = undefined;
    this.#shared = { key };
    if (!earlier || count === 0 || count >= MOST_DIGESTS) return;
    const set = DigestSet.withRoom(count);
    let found = false;
    decodeEntries(earlier.bytes, earlier.start, {
      digest: (low, high, of) => {
        if (!isSame(of.options, this.#options)) return;
        // Without fsync a file may have lost its contents when the system went down, whatever its size and time say.
        const certain = !doubted && (stable || (isSame(of.boot, this.#boot) && !isSame(of.boot, NONE)));
        set.add(low, high, certain ? Known.yes : Known.perhaps);
        found = true;
      },
    });
    if (found) this.#shared = { key, known: set.memory };
  }

  /** Notes files that have their final names. A record that cannot grow any more is left as it is. */
  note(digests: Uint32Array): void {
    for (let at = 0; at < digests.length && this.#file; at += MOST_IN_ENTRY * 2) {
      const entry = digests.subarray(at, at + MOST_IN_ENTRY * 2);
      if (this.#count + entry.length / 2 > MOST_DIGESTS) return;
      this.#append(encodeDigests(this.#options, this.#boot, entry), entry.length / 2);
    }
  }

  /** Notes directories that this copy has created. */
  noteDirectories(directories: readonly CreatedDirectory[]): void {
    for (const directory of directories) {
      const entry = encodeDirectory(directory);
      if (entry) this.#append(entry, 1);
    }
  }

  /** The copy is complete: nothing is to be remembered. */
  remove(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file) removeJournal(this.#path, file);
  }

  /** Leaves the record to a later run; one without entries is removed. */
  close(): void {
    if (this.#count === 0) this.remove();
    this.#file?.close();
    this.#file = undefined;
  }

  #append(entry: Uint8Array, count: number): void {
    if (!this.#file || this.#isCut || this.#bytes + entry.length > MOST_BYTES) return;
    this.#count += count;
    this.#bytes += entry.length;
    try {
      if (this.#file.writeSync(entry) < entry.length) this.#isCut = true;
    } catch {
      this.#isCut = true;
    }
  }
}

interface Opened {
  key: DigestKey;
  /** Bytes of the whole record. */
  length: number;
  /** The record, and where its entries begin. */
  earlier?: { bytes: Uint8Array<ArrayBuffer>; start: number };
}

/** Takes over the record of earlier runs; undefined if it is of no use. */
async function takeOver(file: Deno.FsFile, target: string): Promise<Opened | undefined> {
  const bytes = await readRecord(file);
  const decoded = bytes && decodeRunHeader(bytes);
  if (!bytes || decoded?.header.target !== target) return undefined;
  const { header: { key }, headerBytes } = decoded;
  let digests = 0;
  const directories: CreatedDirectory[] = [];
  const length = decodeEntries(bytes, headerBytes, {
    digest: () => digests++,
    directory: (directory) => void directories.push(directory),
  });
  // The digests start over, but a directory that was created stays one that is continued.
  if (digests >= MOST_DIGESTS) return begin(file, target, directories);
  file.truncateSync(length);
  file.seekSync(length, Deno.SeekMode.Start);
  return { key, length, earlier: { bytes: bytes.subarray(0, length), start: headerBytes } };
}

function begin(file: Deno.FsFile, target: string, directories: readonly CreatedDirectory[] = []): Opened {
  const [low, high] = crypto.getRandomValues(new Uint32Array(2));
  const key: DigestKey = [low, high];
  const header = encodeRunHeader({ target, key });
  const parts = [header, ...directories.map(encodeDirectory).filter((entry) => entry !== undefined)];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let length = 0;
  for (const part of parts) {
    bytes.set(part, length);
    length += part.length;
  }
  file.truncateSync(0);
  file.seekSync(0, Deno.SeekMode.Start);
  for (let at = 0; at < length;) at += file.writeSync(bytes.subarray(at));
  return { key, length, ...(directories.length > 0 ? { earlier: { bytes, start: header.length } } : {}) };
}

function digestOf(key: DigestKey, text: string): Digest {
  const digests = new FileDigests(key);
  digests.text(encodeName(text));
  return [digests.digest[0], digests.digest[1]];
}

function isSame(one: Digest, other: Digest): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

/** @returns undefined for one that is longer than any that this program writes. */
async function readRecord(file: Deno.FsFile): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return file.statSync().size > MOST_BYTES ? undefined : await readBeginning(file, MOST_BYTES);
}
