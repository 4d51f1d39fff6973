/**
 * Partial files that several processes write together, each of them a part. Every process can compute the name, and so can
 * everyone else: a file of another user, a link, or a file with other names is refused. Nobody removes such a file.
 */

import { codeOf } from "../../files/stat/file_failure.ts";
import { type ExactIdentity, exactIdentity, isExactly } from "../../files/stat/file_identity.ts";
import type { RecordedTarget, ResumableSource } from "../../files/engine/partial_file.ts";
import type { ByteRange } from "../../protocol/data/range_sums.ts";
import { lockRecord, removeRecord } from "../lock_record.ts";
import { createOwnFile, isStill, notOwnFile, openOwnFile, readBeginning } from "../own_file.ts";
import { decodeJournal, isJournalOf } from "./journal.ts";
import { MAX_JOURNAL_BYTES, resumeBlocks, type TakenOver, writeHeader } from "./take_over.ts";

/** An open file of this user. */
export interface SharedFile {
  file: Deno.FsFile;
  identity: ExactIdentity;
}

/**
 * Creates the file, or opens the one that another process has created, with this size.
 *
 * @throws {Deno.errors.PermissionDenied} if it is not a regular file of this user, or has other names.
 */
export function openShared(path: string, size: number): SharedFile {
  const file = createOwnFile(path) ?? openOwnFile(path, { write: true });
  if (!file) throw notOwnFile(path);
  try {
    // The process that has created the file may not have set its size yet.
    if (file.statSync().size !== size) file.truncateSync(size);
    if (!isStill(path, file)) throw notOwnFile(path);
    return { file, identity: exactIdentity(file.statSync()) };
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Opens the journal of a range, or creates it, and finds the blocks that an earlier copy of the same source has written.
 *
 * @returns undefined if the journal is not available. Then the range is copied without one.
 */
export async function takeOverRange(
  path: string,
  { identity }: SharedFile,
  { record, target }: RecordedTarget,
  about: { name: string; range: ByteRange; source: ResumableSource; checking?: (bytes: number) => void },
): Promise<Omit<TakenOver, "lock"> | undefined> {
  const { name, range, source, checking } = about;
  let journal: Deno.FsFile | undefined;
  try {
    journal = await lockRecord(record);
    if (!journal) return undefined;
    const partial = { name, ...identity };
    const found = decodeJournal(await readBeginning(journal, MAX_JOURNAL_BYTES));
    const isSame = found && found.header.target === target && found.header.partial.name === name &&
      isExactly(found.header.partial, identity) && isJournalOf(found.header, source);
    if (isSame) {
      const blocks = found.blocks.filter(({ start, end }) => start >= range.start && end <= range.end);
      const kept = await resumeBlocks(journal, { ...found, blocks, path }, source, checking);
      if (kept) return { partial, journal, headerBytes: found.headerBytes, kept, continued: false };
    }
    journal.truncateSync(0);
    const headerBytes = writeHeader(journal, { source, target, partial });
    return { partial, journal, headerBytes, kept: [], continued: false };
  } catch (error) {
    if (journal) removeRecord(record, journal);
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}
