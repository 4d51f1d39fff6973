/** Locks records (flock(2)), so that only one copy at a time uses them. The system releases a lock when its process exits. */

import { settleWithin } from "../async/settle_within.ts";
import { codeOf } from "../files/stat/file_failure.ts";
import { createOwnFile, isStill, openOwnFile, removeQuietly } from "./own_file.ts";

/** Maximum wait for a lock: a remote end whose client was killed takes some time to notice and exit. */
const LOCK_MS = 3_000;
/** Maximum wait for the lock of an existing record that need not be used. */
const SHORT_LOCK_MS = 100;
const MAX_ATTEMPTS = 8;

/**
 * Opens and locks a record. Creates it if it is missing.
 *
 * @returns undefined if another process has locked it.
 * @throws {unknown} The system's error if it cannot be opened, created or locked.
 */
export async function lockRecord(path: string): Promise<Deno.FsFile | undefined> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const existing = openOwnFile(path, { write: true });
    const file = existing ?? createOwnFile(path);
    if (!file) continue;
    try {
      if (!await lockWithin(LOCK_MS, file)) return undefined;
    } catch (error) {
      // The file system has no locks. Leave no empty record.
      if (!existing) removeQuietly(path);
      throw error;
    }
    // The previous holder may have removed the file while this process waited.
    if (isStill(path, file)) return file;
    file.close();
  }
  return undefined;
}

/**
 * Opens and locks an existing record or leftover, almost without waiting.
 *
 * @param owner Required owner of the file. Default: this user.
 * @returns undefined if the file does not exist or another process has locked it.
 */
export async function lockExisting(path: string, owner?: number | null): Promise<Deno.FsFile | undefined> {
  const file = openOwnFile(path, { write: true, owner });
  if (!file || !await lockWithin(SHORT_LOCK_MS, file)) return undefined;
  if (isStill(path, file, owner)) return file;
  file.close();
  return undefined;
}

/**
 * Locks an open partial file until it is closed. Has no effect if the file system has no locks.
 *
 * @returns false if another process has locked it. Then the file is closed.
 */
export async function lockOpen(file: Deno.FsFile): Promise<boolean> {
  // Locks on Windows are mandatory (LockFileEx), so streams could not write to the file.
  if (Deno.build.os === "windows") return true;
  return await lockWithin(LOCK_MS, file, (error) => codeOf(error) !== undefined);
}

/** As `lockOpen`, together with other processes that call this. */
export async function lockShared(file: Deno.FsFile): Promise<boolean> {
  if (Deno.build.os === "windows") return true;
  return await lockWithin(LOCK_MS, file, (error) => codeOf(error) !== undefined, { exclusive: false });
}

/**
 * Locks a file, waiting at most `ms`. Not every supported version of Deno has a lock that does not wait. The file is closed
 * unless the result is true, which also releases a lock that is granted later.
 *
 * @param isIgnored Returns whether an error counts as success.
 */
export async function lockWithin(
  ms: number,
  file: Deno.FsFile,
  isIgnored: (error: unknown) => boolean = () => false,
  { exclusive = true } = {},
): Promise<boolean> {
  const locking = file.lock(exclusive).then(() => true, (error) => {
    if (isIgnored(error)) return true;
    throw error;
  });
  try {
    if (await settleWithin(ms, locking)) return true;
  } catch (error) {
    file.close();
    throw error;
  }
  file.close();
  return false;
}

/** Removes and closes a locked record. */
export function removeRecord(path: string, file: Deno.FsFile): void {
  // The name goes first: a process that waits for the lock must not take over the record.
  removeQuietly(path);
  file.close();
}
