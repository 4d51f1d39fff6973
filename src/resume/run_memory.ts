/** What a copy of several files remembers of itself for a later run: its journal, open and locked, and what was in it. */

import { codeOf } from "../files/file_failure.ts";
import { joinPath } from "../files/local_path.ts";
import { encodeName } from "../protocol/names.ts";
import { DigestSet, Known } from "./digest_set.ts";
import { FileDigests } from "./file_digest.ts";
import type { DigestKey } from "./keyed_digest.ts";
import { lockExisting, lockJournal, removeJournal } from "./lock_journal.ts";
import { runJournalName } from "./partial_names.ts";
import {
  BATCH_HEADER_BYTES,
  decodeBatches,
  decodeRunHeader,
  type Digest,
  DIGEST_BYTES,
  encodeBatch,
  encodeRunHeader,
  MOST_IN_BATCH,
  RUN_HEADER_BYTES,
} from "./run_journal.ts";

/** Where a journal lies. */
export interface RunPlace {
  /** A folder that exists. */
  folder: string;
  /** Absolute path of the first target. */
  first: string;
}

/** What a journal must agree with to be of use. */
export interface RunIdentity {
  /** All that decides how a file is written. */
  job: string;
  /** The same while the system runs, and another one after it was started anew; undefined where that is not known. */
  systemRun?: string;
  /** What is noted is on stable storage: it outlives the system. */
  stable: boolean;
  /** What is known is to be compared all the same. */
  doubted: boolean;
}

/** What the threads of a copy need of it. Plain data: crosses threads. */
export interface SharedMemory {
  key: DigestKey;
  /** What earlier runs have finished; undefined: nothing. */
  known?: SharedArrayBuffer;
}

/** A journal of more is not read, and not written: 4 million files. The rest is sent again. */
const MOST_DIGESTS = 2 ** 22;
const MOST_BYTES = RUN_HEADER_BYTES + MOST_DIGESTS * (BATCH_HEADER_BYTES + DIGEST_BYTES);

/** See above. */
export class RunMemory {
  readonly shared: SharedMemory;
  /** Whether an earlier run has begun the journal, which nobody uses any more. */
  readonly reopened: boolean;
  readonly #path: string;
  readonly #run: Digest;
  #file: Deno.FsFile | undefined;
  /** Digests that the journal holds, and its bytes. */
  #count: number;
  #bytes: number;

  private constructor(path: string, file: Deno.FsFile, opened: Opened) {
    this.#path = path;
    this.#file = file;
    this.shared = opened.shared;
    this.reopened = opened.reopened;
    this.#run = opened.run;
    this.#count = opened.count;
    this.#bytes = opened.bytes;
  }

  /**
   * Opens the journal of an earlier run, or begins one.
   *
   * @returns undefined when it cannot be had, or another copy has it: this one is then not remembered.
   */
  static async open(place: RunPlace, identity: RunIdentity): Promise<RunMemory | undefined> {
    const path = pathOf(place);
    try {
      const file = await lockJournal(path);
      if (!file) return undefined;
      try {
        return new RunMemory(path, file, await takeOver(file, identity) ?? begin(file, identity));
      } catch (error) {
        file.close();
        throw error;
      }
    } catch (error) {
      // A folder where none can be made, a file that is not this user's: the copy does without.
      if (codeOf(error) === undefined) throw error;
      return undefined;
    }
  }

  /** Removes what an earlier run has left, unless it is in use or somebody else's. */
  static async forget(place: RunPlace): Promise<void> {
    const path = pathOf(place);
    try {
      const file = await lockExisting(path);
      if (file) removeJournal(path, file);
    } catch (error) {
      if (codeOf(error) === undefined) throw error;
    }
  }

  /** For the names of temporary files: the same in all runs of this journal, and nobody else's. */
  get token(): string {
    return this.shared.key.map((half) => half.toString(16).padStart(8, "0")).join("");
  }

  /** Whether an earlier run has finished anything. */
  get continues(): boolean {
    return this.shared.known !== undefined;
  }

  /** Whether `close` leaves the journal to a later run. */
  get isKept(): boolean {
    return this.#file !== undefined && this.#count > 0;
  }

  /** Notes files that have their final names. A journal that can grow no longer does so without a word. */
  note(digests: Uint32Array): void {
    for (let at = 0; at < digests.length && this.#file; at += MOST_IN_BATCH * 2) {
      const batch = digests.subarray(at, at + MOST_IN_BATCH * 2);
      const bytes = encodeBatch(this.#run, batch);
      if (this.#count + batch.length / 2 > MOST_DIGESTS || this.#bytes + bytes.length > MOST_BYTES) return;
      try {
        // A batch that did not come to its end ends the journal.
        if (this.#file.writeSync(bytes) < bytes.length) this.close();
      } catch {
        this.close();
      }
      this.#count += batch.length / 2;
      this.#bytes += bytes.length;
    }
  }

  /** The copy is complete: nothing is to be remembered. */
  remove(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file) removeJournal(this.#path, file);
  }

  /** Leaves the journal to a later run; one that holds nothing is removed. */
  close(): void {
    if (this.#count === 0) this.remove();
    this.#file?.close();
    this.#file = undefined;
  }
}

interface Opened {
  reopened: boolean;
  shared: SharedMemory;
  run: Digest;
  count: number;
  bytes: number;
}

/** What earlier runs have left; undefined when it is of no use. */
async function takeOver(file: Deno.FsFile, identity: RunIdentity): Promise<Opened | undefined> {
  const { size } = file.statSync();
  if (size < RUN_HEADER_BYTES || size > MOST_BYTES) return undefined;
  const bytes = await readWhole(file, size);
  const header = decodeRunHeader(bytes);
  if (!header || !isSame(header.job, digestOf(header.key, identity.job))) return undefined;
  const run = runOf(header.key, identity);
  let count = 0;
  decodeBatches(bytes, () => count++);
  if (count >= MOST_DIGESTS) return undefined;
  const set = DigestSet.withRoom(count);
  const length = decodeBatches(bytes, (low, high, noted) => {
    // Without fsync a file may have lost its contents when the system went down, whatever its size and time say.
    const certain = !identity.doubted && (identity.stable || (isSame(noted, run) && !isSame(run, NONE)));
    set.add(low, high, certain ? Known.yes : Known.perhaps);
  });
  file.truncateSync(length);
  file.seekSync(length, Deno.SeekMode.Start);
  const known = count > 0 ? { known: set.memory } : {};
  return { reopened: true, shared: { key: header.key, ...known }, run, count, bytes: length };
}

function begin(file: Deno.FsFile, identity: RunIdentity): Opened {
  const [low, high] = crypto.getRandomValues(new Uint32Array(2));
  const key: DigestKey = [low, high];
  file.truncateSync(0);
  file.seekSync(0, Deno.SeekMode.Start);
  file.writeSync(encodeRunHeader({ key, job: digestOf(key, identity.job) }));
  return { reopened: false, shared: { key }, run: runOf(key, identity), count: 0, bytes: RUN_HEADER_BYTES };
}

const NONE: Digest = [0, 0];

function runOf(key: DigestKey, { systemRun }: RunIdentity): Digest {
  return systemRun === undefined ? NONE : digestOf(key, systemRun);
}

function digestOf(key: DigestKey, text: string): Digest {
  const digests = new FileDigests(key);
  digests.text(encodeName(text));
  return [digests.digest[0], digests.digest[1]];
}

function isSame(one: Digest, other: Digest): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

function pathOf({ folder, first }: RunPlace): string {
  return joinPath(folder, runJournalName(first));
}

async function readWhole(file: Deno.FsFile, size: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(size);
  file.seekSync(0, Deno.SeekMode.Start);
  let at = 0;
  while (at < size) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) break;
    at += read;
  }
  return bytes.subarray(0, at);
}
