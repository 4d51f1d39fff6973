/** One copy at a time uses a record: its lock (flock(2), where there is such a thing) goes when its process does. */

import { codeOf } from "../../files/stat/file_failure.ts";
import { isStill, openOwnFile, removeQuietly } from "../own_file.ts";

/** How long an end whose client was killed may take to notice, and let go of the journal. */
const PATIENCE_MS = 3_000;
const ATTEMPTS = 8;

/**
 * Opens a journal, which is made if it is missing, for this process alone.
 *
 * @returns undefined when another process has it.
 * @throws what the system says when it cannot be had.
 */
export async function lockJournal(path: string): Promise<Deno.FsFile | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const existing = openOwnFile(path, { write: true });
    const file = existing ?? create(path);
    if (!file) continue;
    try {
      if (!await locked(file)) return undefined;
    } catch (error) {
      // A file system without locks: leave no empty record.
      if (!existing) removeQuietly(path);
      throw error;
    }
    // Who had it before may have removed it while this process waited.
    if (isStill(path, file)) return file;
    file.close();
  }
  return undefined;
}

/**
 * As `lockJournal` for one that is there, without patience. Undefined also when there is none.
 *
 * @param owner whose it has to be, in the place of this user.
 */
export async function lockExisting(path: string, owner?: number | null): Promise<Deno.FsFile | undefined> {
  const file = openOwnFile(path, { write: true, owner });
  if (!file || !await locked(file, 100)) return undefined;
  if (isStill(path, file, owner)) return file;
  file.close();
  return undefined;
}

/**
 * Locks a partial file as long as it is open; without effect where there are no locks.
 *
 * @returns false if another process has it: then it is closed.
 */
export async function lockOpen(file: Deno.FsFile): Promise<boolean> {
  // Locks of Windows are mandatory (LockFileEx): streams could not write to the file.
  if (Deno.build.os === "windows") return true;
  const taken = file.lock(true).then(() => true, (error) => {
    if (codeOf(error) === undefined) throw error;
    return true;
  });
  return await inTime(taken, file, PATIENCE_MS);
}

/** Undefined when another process has just made one. */
function create(path: string): Deno.FsFile | undefined {
  try {
    const mode = Deno.build.os === "windows" ? undefined : 0o600;
    return Deno.openSync(path, { read: true, write: true, createNew: true, mode });
  } catch (error) {
    if (codeOf(error) === "EEXIST") return undefined;
    throw error;
  }
}

/** Whether the lock could be had in time; else the file is closed. */
function locked(file: Deno.FsFile, patienceMs = PATIENCE_MS): Promise<boolean> {
  // Not every supported Deno has a lock that does not wait.
  return inTime(file.lock(true).then(() => true), file, patienceMs);
}

async function inTime(taken: Promise<boolean>, file: Deno.FsFile, patienceMs: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), patienceMs));
  taken.catch(() => {});
  try {
    if (await Promise.race([taken, late])) return true;
  } catch (error) {
    file.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  // A lock that comes after all goes with the file.
  file.close();
  return false;
}

/** Closes a journal that is of no use any more, and removes it. */
export function removeJournal(path: string, file: Deno.FsFile): void {
  // First the name: whoever waits for the lock must not take over what is about to go.
  removeQuietly(path);
  file.close();
}
