/** Starts a resumable large file: takes over the partial file of an earlier copy, or starts over. */

import { codeOf } from "../../files/stat/file_failure.ts";
import { exactIdentity, type FileIdentity, identityOf, isSameFile } from "../../files/stat/file_identity.ts";
import { joinPath } from "../../files/path/local_path.ts";
import { newPartialName } from "../../files/path/private_names.ts";
import { combineCrc32 } from "../../protocol/crc32.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import {
  decodeJournal,
  decodeJournalHeader,
  encodeJournalHeader,
  isJournalOf,
  type Journal,
  JOURNAL_RECORD_BYTES,
  type JournalHeader,
  type NamedPartial,
  putJournalRecord,
  sortedBlocks,
} from "./journal.ts";
import type { Partial, RecordedTarget, ResumableSource } from "../../files/engine/partial_file.ts";
import { lockExisting, lockOpen, lockRecord, removeRecord } from "../lock_record.ts";
import {
  isStill,
  lacksResources,
  notOwnFile,
  openExactFile,
  openOwnFile,
  readBeginning,
  removeExact,
  removeOpened,
  statExact,
  writeAt,
} from "../own_file.ts";
import { MAX_HEADER_BYTES } from "../record_header.ts";
import { intactBlocks } from "./verify_blocks.ts";

/** A partial file and its journal, both owned by this process. */
export interface TakenOver {
  partial: NamedPartial;
  /** The partial file, locked until it is closed, so that --clean of any user sees that it is in use. */
  lock: Deno.FsFile;
  /** The journal, locked until it is closed. */
  journal: Deno.FsFile;
  headerBytes: number;
  /** Ranges that the partial file already contains, in order and without overlaps. */
  kept: SummedRange[];
  /** Whether an earlier copy of the source may have written other ranges too, which need a comparison with the source. */
  continued: boolean;
}

/** Options for taking over a partial file. */
export interface TakeOverOptions {
  /** Whether bytes without a record are kept, because the copy can compare them with the source. Default: false. */
  compares?: boolean;
  /** Called with the number of bytes that are verified, and with its negative afterwards. */
  checking?: (bytes: number) => void;
}

/** Maximum bytes of a journal that are read: 4 million blocks. */
export const MAX_JOURNAL_BYTES = MAX_HEADER_BYTES + JOURNAL_RECORD_BYTES * 2 ** 22;
/** Maximum number of ranges that are reported to the sender. Later ranges are sent again. */
const MAX_KEPT = 4096;

/** Serializes the checks of partial files, because concurrent reads of several files slow down a disk. */
let checking: Promise<unknown> = Promise.resolve();

/**
 * Creates the partial file of a target and its journal. If an earlier copy of the same source has left them, takes them
 * over after verifying the blocks. Removes the partial file of another source. Leaves a partial file alone if it is in use
 * or is not the recorded file, and keeps it with its record if the system lacks resources.
 *
 * @param directory Path of the target's directory for `Deno.*`.
 * @returns undefined if the journal is not available. Then the file is copied without one.
 */
export async function takeOver(
  directory: string,
  { record, target }: RecordedTarget,
  source: ResumableSource,
  options: TakeOverOptions = {},
): Promise<TakenOver | undefined> {
  let journal: Deno.FsFile | undefined;
  let earlier: Earlier | undefined;
  try {
    journal = await lockRecord(record);
    if (!journal) return undefined;
    const found = decodeJournal(await readBeginning(journal, MAX_JOURNAL_BYTES));
    const path = found?.header.target === target ? joinPath(directory, found.header.partial.name) : undefined;
    const lock = path && openExactFile(path, found!.header.partial);
    if (lock && !await lockOpen(lock)) {
      journal.close();
      return undefined;
    }
    if (path && lock) earlier = { ...found!, path, lock };
    const taken = earlier && await resume(journal, earlier, source, options);
    if (taken) return taken;
    removePartial(earlier);
    earlier = undefined;
    const begun = await begin(directory, journal, { source, target });
    if (!begun) removeRecord(record, journal);
    return begun;
  } catch (error) {
    if (lacksResources(error) && journal && isRecorded(journal)) {
      // A later copy can use the record.
      earlier?.lock.close();
      journal.close();
      return undefined;
    }
    removePartial(earlier);
    if (journal) removeRecord(record, journal);
    // The copy may succeed without a record. If not, that attempt reports the reason.
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Returns whether a journal belongs to an earlier copy. */
function isRecorded(journal: Deno.FsFile): boolean {
  return journal.statSync().size > 0;
}

/**
 * Starts the journal of a partial file that this copy is writing.
 *
 * @param directory Path of the directory of the partial file for `Deno.*`.
 * @returns undefined if the journal is not available, or the name refers to another file. Then the file has no journal.
 */
export async function startJournal(
  directory: string,
  { record, target }: RecordedTarget,
  source: ResumableSource,
  { temporary: name, identity }: Pick<Partial, "temporary" | "identity">,
): Promise<TakenOver | undefined> {
  let journal: Deno.FsFile | undefined;
  let lock: Deno.FsFile | undefined;
  try {
    journal = await lockRecord(record);
    if (!journal) return undefined;
    // Another copy of this target has used the journal meanwhile.
    if (journal.statSync().size > 0) {
      journal.close();
      return undefined;
    }
    lock = await lockWritten(joinPath(directory, name), identity);
    if (lock) {
      const partial = { name, ...exactIdentity(lock.statSync()) };
      const headerBytes = writeHeader(journal, { source, target, partial });
      return { partial, lock, journal, headerBytes, kept: [], continued: false };
    }
  } catch (error) {
    lock?.close();
    if (journal) removeRecord(record, journal);
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
  removeRecord(record, journal);
  return undefined;
}

/** Locks the partial file that this copy is writing; undefined if it was replaced or cannot be locked. */
async function lockWritten(path: string, identity: FileIdentity): Promise<Deno.FsFile | undefined> {
  const file = openOwnFile(path, { write: true });
  if (!file) return undefined;
  if (isSameFile(identityOf(file.statSync()), identity)) return await lockOpen(file) ? file : undefined;
  file.close();
  return undefined;
}

/** Returns whether an earlier copy may have left a partial file of this target, without waiting. */
export function hasRecord({ record }: Pick<RecordedTarget, "record">): boolean {
  try {
    Deno.lstatSync(record);
    return true;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}

/** Removes the partial file and record that an earlier copy has left of this target, unless they are in use. */
export async function removeEarlier(directory: string, { record, target }: RecordedTarget): Promise<void> {
  try {
    const journal = await lockExisting(record);
    if (!journal) return;
    const earlier = decodeJournalHeader(await readBeginning(journal, MAX_HEADER_BYTES));
    if (earlier?.header.target === target) {
      const { partial } = earlier.header;
      removeExact(joinPath(directory, partial.name), partial);
    }
    removeRecord(record, journal);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}

/** Returns the disk usage of the partial file that an earlier copy has left of this target; 0 if there is none. */
export async function bytesLeft(directory: string, { record, target }: RecordedTarget): Promise<number> {
  try {
    using journal = openOwnFile(record);
    const earlier = journal && decodeJournalHeader(await readBeginning(journal, MAX_HEADER_BYTES));
    if (earlier?.header.target !== target) return 0;
    const { partial } = earlier.header;
    const info = statExact(joinPath(directory, partial.name), partial);
    return info ? (info.blocks === null ? info.size : info.blocks * 512) : 0;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return 0;
  }
}

/** The journal of an earlier copy, and the recorded partial file. */
interface Earlier extends Journal {
  path: string;
  /** The partial file, locked. */
  lock: Deno.FsFile;
}

function removePartial(earlier: Earlier | undefined): void {
  if (!earlier) return;
  removeExact(earlier.path, earlier.header.partial);
  earlier.lock.close();
}

/** Resumes an earlier copy; undefined if nothing of it can be used. */
async function resume(
  journal: Deno.FsFile,
  { header, headerBytes, blocks, validBytes, path, lock }: Earlier,
  source: ResumableSource,
  { compares = false, checking: report }: TakeOverOptions,
): Promise<TakenOver | undefined> {
  if (!isJournalOf(header, source)) return undefined;
  const { partial } = header;
  const kept = await resumeBlocks(journal, { header, headerBytes, blocks, validBytes, path }, source, report);
  if (!kept || (kept.length === 0 && !compares)) return undefined;
  return { partial, lock, journal, headerBytes, kept, continued: compares };
}

/** Verifies the blocks of a journal, and drops the others. @returns undefined if the partial file is another one. */
export async function resumeBlocks(
  journal: Deno.FsFile,
  { header: { partial }, headerBytes, blocks, validBytes, path }: Omit<Earlier, "lock">,
  source: Pick<ResumableSource, "size">,
  report?: (bytes: number) => void,
): Promise<SummedRange[] | undefined> {
  const claimed = sortedBlocks(blocks);
  const claimedBytes = claimed.reduce((sum, { start, end }) => sum + end - start, 0);
  report?.(claimedBytes);
  const check = checking.then(() => intactBlocks(path, partial, claimed, source.size));
  checking = check.catch(() => {});
  const intact = await check.finally(() => report?.(-claimedBytes));
  if (!intact) return undefined;
  if (intact.length === blocks.length) journal.truncateSync(validBytes);
  else rewrite(journal, headerBytes, intact);
  return mergeAdjacent(intact).slice(0, MAX_KEPT);
}

/** Creates the partial file; undefined if it cannot be locked. */
async function begin(
  directory: string,
  journal: Deno.FsFile,
  about: Omit<JournalHeader, "partial">,
): Promise<TakenOver | undefined> {
  const name = newPartialName();
  const path = joinPath(directory, name);
  const mode = Deno.build.os === "windows" ? undefined : 0o600;
  const lock = Deno.openSync(path, { write: true, createNew: true, mode });
  try {
    const partial = { name, ...exactIdentity(lock.statSync()) };
    // No other copy knows the random name, but --clean of root may examine the file, or the lock service may not answer.
    if (!await lockOpen(lock)) {
      removeExact(path, partial);
      return undefined;
    }
    lock.truncateSync(about.source.size);
    // Some file systems change the owner. Then a later run would not accept the file as its own.
    if (!isStill(path, lock)) throw notOwnFile(path);
    journal.truncateSync(0);
    const headerBytes = writeHeader(journal, { ...about, partial });
    return { partial, lock, journal, headerBytes, kept: [], continued: false };
  } catch (error) {
    removeOpened(path, lock);
    lock.close();
    throw error;
  }
}

/** Writes the header of a journal. Returns its length. */
export function writeHeader(journal: Deno.FsFile, header: JournalHeader): number {
  const bytes = encodeJournalHeader(header);
  writeAt(journal, 0, bytes);
  return bytes.length;
}

/** Replaces the records of a journal. */
function rewrite(journal: Deno.FsFile, headerBytes: number, blocks: SummedRange[]): void {
  const bytes = new Uint8Array(blocks.length * JOURNAL_RECORD_BYTES);
  blocks.forEach((block, index) => {
    putJournalRecord(bytes, index * JOURNAL_RECORD_BYTES, block.start, block.end, block.crc32);
  });
  journal.truncateSync(headerBytes);
  writeAt(journal, headerBytes, bytes);
}

/** Merges blocks that directly follow each other. */
function mergeAdjacent(blocks: SummedRange[]): SummedRange[] {
  const ranges: SummedRange[] = [];
  for (const block of blocks) {
    const last = ranges.at(-1);
    if (last?.end === block.start) {
      last.crc32 = combineCrc32(last.crc32, block.crc32, block.end - block.start);
      last.end = block.end;
    } else ranges.push({ ...block });
  }
  return ranges;
}
