/** The completion log of a copy: records finished files and created directories, and finds those of earlier runs. */

import { encodeName } from "../../protocol/names.ts";
import type { RecordedTarget } from "../../files/engine/partial_file.ts";
import { DigestSet, Known } from "./digest_set.ts";
import { FileDigests } from "./file_digest.ts";
import type { DigestKey } from "./keyed_digest.ts";
import { removeRecord } from "../lock_record.ts";
import { MAX_DIGESTS, MAX_RECORD_BYTES, type OpenRecord, openRecord } from "./open_record.ts";
import {
  type CreatedDirectory,
  decodeEntries,
  type Digest,
  encodeDigests,
  encodeDirectory,
  MAX_ENTRY_DIGESTS,
} from "./record.ts";

/** Conditions for using the digests of earlier runs. */
export interface RunIdentity {
  /** All options that affect how a file is written. */
  options: string;
  /** The boot id, which differs after each start of the system; undefined if unknown. */
  bootId?: string;
  /** Whether files are flushed to disk before they are recorded, so that they survive a crash of the system. */
  stable: boolean;
  /** Whether recorded files are compared nevertheless. */
  compareKnown: boolean;
}

/** Keys and digests for the threads of a copy. Plain data, because it crosses threads. */
export interface SharedCompletions {
  key: DigestKey;
  /** Memory of a `DigestSet` with the finished files of earlier runs; undefined if there are none. */
  known?: SharedArrayBuffer;
}

const NONE: Digest = [0, 0];

/** The record of one copy, locked until `remove` or `close`. */
export class CompletionLog {
  /** Whether an earlier run, which has exited, created the record. */
  readonly reopened: boolean;
  /** Directories that earlier runs have created. */
  readonly directories: readonly CreatedDirectory[];
  readonly #path: string;
  readonly #key: DigestKey;
  #file: Deno.FsFile | undefined;
  /** Entries of earlier runs, until the digests are decoded. */
  #earlier: OpenRecord["earlier"];
  #shared: SharedCompletions | undefined;
  #options = NONE;
  #boot = NONE;
  /** Number of digests and directories. Without any, the record is removed. */
  #count: number;
  /** Whether writing an entry has failed. A later run reads the record up to that entry, so nothing is appended. */
  #isCut = false;
  /** Length of the record in bytes. */
  #bytes: number;

  private constructor(path: string, { file, key, earlier, length, digests, directories }: OpenRecord) {
    this.#path = path;
    this.#file = file;
    this.#key = key;
    this.#earlier = earlier;
    this.#bytes = length;
    this.reopened = earlier !== undefined;
    this.directories = directories;
    this.#count = digests + directories.length;
  }

  /** Opens and locks a record, as `openRecord`. */
  static async open(place: RecordedTarget, options: { create: boolean }): Promise<CompletionLog | undefined> {
    const record = await openRecord(place, options);
    return record && new CompletionLog(place.record, record);
  }

  /** Random token for the names of temporary files, the same in all runs with this record. */
  get token(): string {
    return this.#key.map((half) => half.toString(16).padStart(8, "0")).join("");
  }

  /** The data for the writing threads; undefined before `startRecording`. */
  get shared(): SharedCompletions | undefined {
    return this.#shared;
  }

  /** Whether `close` keeps the record for a later run. */
  get isKept(): boolean {
    return this.#file !== undefined && this.#count > 0;
  }

  /** Prepares recording finished files, and loads those of earlier runs. */
  startRecording({ options, bootId, stable, compareKnown }: RunIdentity): void {
    const key = this.#key;
    this.#options = digestOf(key, options);
    this.#boot = bootId === undefined ? NONE : digestOf(key, bootId);
    const count = this.#count - this.directories.length;
    const earlier = this.#earlier;
    this.#earlier = undefined;
    this.#shared = { key };
    if (!earlier || count === 0 || count >= MAX_DIGESTS) return;
    const set = DigestSet.withCapacity(count);
    let found = false;
    decodeEntries(earlier.bytes, earlier.start, {
      digest: (low, high, of) => {
        if (!isSame(of.options, this.#options)) return;
        // Without fsync, a crash of the system may lose the contents of a file but keep its size and time.
        const certain = !compareKnown && (stable || (isSame(of.boot, this.#boot) && !isSame(of.boot, NONE)));
        set.add(low, high, certain ? Known.yes : Known.perhaps);
        found = true;
      },
    }, { isIntact: true });
    if (found) this.#shared = { key, known: set.memory };
  }

  /** Records files that have their final names. Does nothing if the record is full. @param digests Halves of digests. */
  addFiles(digests: Uint32Array): void {
    for (let at = 0; at < digests.length && this.#file; at += MAX_ENTRY_DIGESTS * 2) {
      const entry = digests.subarray(at, at + MAX_ENTRY_DIGESTS * 2);
      if (this.#count + entry.length / 2 > MAX_DIGESTS) return;
      this.#append(encodeDigests(this.#options, this.#boot, entry), entry.length / 2);
    }
  }

  /** Records directories that this copy has created. */
  addDirectories(directories: readonly CreatedDirectory[]): void {
    for (const directory of directories) {
      const entry = encodeDirectory(directory);
      if (entry) this.#append(entry, 1);
    }
  }

  /** Removes the record, because the copy is complete. */
  remove(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file) removeRecord(this.#path, file);
  }

  /** Keeps the record for a later run. Removes it if it has no entries. */
  close(): void {
    if (this.#count === 0) this.remove();
    this.#file?.close();
    this.#file = undefined;
  }

  #append(entry: Uint8Array, count: number): void {
    if (!this.#file || this.#isCut || this.#bytes + entry.length > MAX_RECORD_BYTES) return;
    this.#count += count;
    this.#bytes += entry.length;
    try {
      if (this.#file.writeSync(entry) < entry.length) this.#isCut = true;
    } catch {
      this.#isCut = true;
    }
  }
}

function digestOf(key: DigestKey, text: string): Digest {
  const digests = new FileDigests(key);
  digests.text(encodeName(text));
  return [digests.digest[0], digests.digest[1]];
}

function isSame(one: Digest, other: Digest): boolean {
  return one[0] === other[0] && one[1] === other[1];
}
