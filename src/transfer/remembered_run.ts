/** A copy of several files remembers what it has finished, so that the same command, run again, need not send it again. */

import type { FileLook } from "../resume/file_digest.ts";
import type { KeptBackup, TargetRoot } from "../files/engine.ts";
import { rootFolder, targetText } from "../files/target_name.ts";
import type { MessageOf } from "../protocol/messages.ts";
import type { FinishedFiles } from "../resume/finished_files.ts";
import type { RunMemory, RunPlace, SharedMemory } from "../resume/run_memory.ts";
import { systemRun } from "./host_identity.ts";
import type { ReceiveOptions } from "./receive_options.ts";

/** Marks the digest of a backup: no source has so many nanoseconds. */
const NO_SOURCE = { size: 0, mtime: 0, mtimeNs: 0xffffffff, version: 0 };

/** On the receiving side, while the copy is under way. */
export class RememberedRun {
  readonly #memory: RunMemory;
  readonly #finished: FinishedFiles;

  constructor(memory: RunMemory, finished: FinishedFiles) {
    this.#memory = memory;
    this.#finished = finished;
  }

  /** For the threads that write. */
  get shared(): SharedMemory {
    return this.#memory.shared;
  }

  /** Whether an earlier run has finished anything: the sender may ask. */
  get continues(): boolean {
    return this.#memory.continues;
  }

  /** For the names of temporary files. */
  get token(): string {
    return this.#memory.token;
  }

  /** Whether an earlier run has begun the journal: it may have left what it could not remove. */
  get reopened(): boolean {
    return this.#memory.reopened;
  }

  /** Whether `close` leaves the journal to a later run. */
  get isKept(): boolean {
    return this.#memory.isKept;
  }

  /** Digests of files that have their final names. */
  note(digests: Uint32Array): void {
    this.#memory.note(digests);
  }

  /** A large file has its final name. */
  noteRanged({ root, path, size, version, attributes: { mtime, mtimeNs } }: MessageOf<"open">, look: FileLook): void {
    if (version === undefined) return;
    this.note(this.#finished.digestOf(root, path, { size, mtime, mtimeNs, version }, look));
  }

  /** Notes a backup, which a later run may restore. */
  noteBackup(backup: KeptBackup): void {
    this.note(this.#digestOf(backup));
  }

  /** Returns whether an earlier run has noted this backup. */
  hasKept(backup: KeptBackup): boolean {
    this.#digestOf(backup);
    return this.#finished.isNoted;
  }

  #digestOf({ root, path, identity: { dev, inode } }: KeptBackup): Uint32Array {
    const look = { mtime: dev, mtimeNs: dev / 2 ** 32, inode, inodeLow: inode % 2 ** 32 };
    return this.#finished.digestOf(root, path, NO_SOURCE, look);
  }

  /** Everything is in place: there is nothing to be remembered. */
  complete(): void {
    this.#memory.remove();
  }

  /** What has not come to `complete` is left to a later run. */
  close(): void {
    this.#memory.close();
  }
}

/**
 * Begins to remember, and finds what an earlier run has left.
 *
 * @param found what the sender has found so far.
 * @returns undefined where it is not wanted, not worth it, or cannot be had.
 */
export async function remember(
  { session, files, resume, comparison, preserve, xattrs, acls, sparse, fsync, verify, listing }: ReceiveOptions,
  roots: readonly TargetRoot[],
  found: { files: number; complete: boolean },
): Promise<RememberedRun | undefined> {
  const place = placeOf(roots);
  if (!place || files.dummy || comparison) return undefined;
  if (!resume) {
    await forget(place);
    return undefined;
  }
  if (!session.features.includes("rerun") || (found.complete && found.files <= 1)) return undefined;
  const { RunMemory } = await import("../resume/run_memory.ts");
  const memory = await RunMemory.open(place, {
    job: JSON.stringify({ preserve, xattrs, acls, sparse, fsync }),
    systemRun: systemRun(),
    stable: fsync,
    // What is listed has to be what the source contains, and not only what the target does.
    doubted: verify || listing !== undefined,
  });
  if (!memory) return undefined;
  const { FinishedFiles } = await import("../resume/finished_files.ts");
  return new RememberedRun(memory, new FinishedFiles(memory.shared, roots));
}

/** Another way has brought everything to its place: what an earlier run has left is of no use any more. */
export async function forgetRuns(roots: readonly TargetRoot[]): Promise<void> {
  const place = placeOf(roots);
  if (place) await forget(place);
}

async function forget(place: RunPlace): Promise<void> {
  const { RunMemory } = await import("../resume/run_memory.ts");
  await RunMemory.forget(place);
}

/** Beside the first target, or in it when it is a folder. */
function placeOf([first]: readonly TargetRoot[]): RunPlace | undefined {
  if (!first || first.kind === "device") return undefined;
  return { folder: rootFolder(first), first: targetText(first, "") };
}
