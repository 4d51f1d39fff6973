/** The start of a large file that can be continued: takes over what an earlier copy has left, or begins anew. */

import { codeOf } from "../files/file_failure.ts";
import { type FileIdentity, identityOf } from "../files/file_identity.ts";
import { joinPath } from "../files/local_path.ts";
import { combineCrc32 } from "../protocol/crc32.ts";
import { encodeName } from "../protocol/names.ts";
import type { SummedRange } from "../protocol/range_sums.ts";
import {
  decodeJournal,
  encodeJournalHeader,
  isJournalOf,
  JOURNAL_HEADER_BYTES,
  JOURNAL_RECORD_BYTES,
  type JournalHeader,
  putJournalRecord,
  type ResumableSource,
  sortedBlocks,
} from "./journal.ts";
import { lockExisting, lockJournal, removeJournal } from "./lock_journal.ts";
import { openOwnFile, removeQuietly } from "./own_file.ts";
import { type PartialNames, partialNames } from "./partial_names.ts";
import { intactBlocks } from "./verify_blocks.ts";

/** A partial file with its journal, both of this process's own. */
export interface TakenOver {
  names: PartialNames;
  /** Identity of the partial file. */
  identity: FileIdentity;
  /** With `holds`: the partial file, open. */
  held?: Deno.FsFile;
  /** The journal, locked until it is closed. */
  journal: Deno.FsFile;
  /** What is there already, in order and without overlaps. */
  kept: SummedRange[];
  /** An earlier copy of the source may have written more than that, which is to be compared with the source. */
  continued: boolean;
}

export interface TakeOverOptions {
  /** What nobody has noted can be compared with the source: it is left in the partial file. Default false. */
  compares?: boolean;
  /** Whether the partial file stays open, so that no other file gets its inode. Default: false. */
  holds?: boolean;
}

/** A journal of more is read up to here: 4 million blocks. */
const MOST_JOURNAL_BYTES = JOURNAL_HEADER_BYTES + JOURNAL_RECORD_BYTES * 2 ** 22;
/** Ranges that are told to the sender: what lies behind them is sent again. */
const MOST_KEPT = 4096;

/** One check of what is there at a time: disks do not like to be asked everywhere at once. */
let checking: Promise<unknown> = Promise.resolve();

/**
 * Makes the partial file of a target and its journal, or takes over those that an earlier copy of the same source has
 * left, once what they hold has been read again. What belongs to another source is removed; what is not this user's, or
 * is in use, is left alone.
 *
 * @param folder absolute path of the folder of the target.
 * @param name final name of the target.
 * @returns undefined when it cannot be had: the file is then copied without a journal.
 */
export async function takeOver(
  folder: string,
  name: string,
  source: ResumableSource,
  { compares = false, holds = false }: TakeOverOptions = {},
): Promise<TakenOver | undefined> {
  const names = partialNames(name);
  const journalPath = joinPath(folder, names.journal);
  const partialPath = joinPath(folder, names.partial);
  let journal: Deno.FsFile | undefined;
  let left: Left | undefined;
  try {
    journal = await lockJournal(journalPath);
    if (!journal) return undefined;
    const header = { ...source, name: encodeName(name) };
    left = await leftBefore(journal, partialPath, header);
    const continued = left !== undefined && compares;
    if (left && left.kept.length === 0 && !continued) {
      left.file.close();
      left = undefined;
    }
    left ??= { file: begin(journal, partialPath, header), kept: [] };
    const { file, kept } = left;
    const identity = identityOf(file.statSync());
    if (!holds) file.close();
    return { names, identity, journal, kept, continued, ...(holds ? { held: file } : {}) };
  } catch (error) {
    left?.file.close();
    if (journal) {
      removeOwn(partialPath);
      removeJournal(journalPath, journal);
    }
    // What the system refuses here it may well grant for a file of a plain name; if not, that says why.
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Removes what an earlier copy has left of this target, unless it is in use or somebody else's. */
export async function removeEarlier(folder: string, name: string): Promise<void> {
  const names = partialNames(name);
  const path = joinPath(folder, names.journal);
  try {
    const journal = await lockExisting(path);
    if (!journal) return;
    removeOwn(joinPath(folder, names.partial));
    removeJournal(path, journal);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}

/** An open partial file, and the noted ranges of it. */
interface Left {
  file: Deno.FsFile;
  kept: SummedRange[];
}

/** What is noted and can be taken over; undefined when the journal is another's, or makes no sense. */
async function leftBefore(
  journal: Deno.FsFile,
  partial: string,
  header: JournalHeader,
): Promise<Left | undefined> {
  const known = decodeJournal(await readJournal(journal));
  if (!known || !isJournalOf(known.header, header)) return undefined;
  const claimed = sortedBlocks(known.blocks);
  const check = checking.then(() => intactBlocks(partial, claimed, header.size));
  checking = check.catch(() => {});
  const intact = await check;
  if (!intact) return undefined;
  const { file, blocks } = intact;
  try {
    if (blocks.length === known.blocks.length) journal.truncateSync(known.validBytes);
    else rewrite(journal, blocks);
    return { file, kept: joined(blocks).slice(0, MOST_KEPT) };
  } catch (error) {
    file.close();
    throw error;
  }
}

function begin(journal: Deno.FsFile, partial: string, header: JournalHeader): Deno.FsFile {
  removeOwn(partial);
  journal.truncateSync(0);
  writeAt(journal, 0, encodeJournalHeader(header));
  const mode = Deno.build.os === "windows" ? undefined : 0o600;
  const file = Deno.openSync(partial, { write: true, createNew: true, mode });
  try {
    file.truncateSync(header.size);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Removes a file if it is this user's own. */
function removeOwn(path: string): void {
  try {
    const file = openOwnFile(path);
    if (!file) return;
    file.close();
    removeQuietly(path);
  } catch {
    // Whoever it belongs to.
  }
}

async function readJournal(journal: Deno.FsFile): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(Math.min(journal.statSync().size, MOST_JOURNAL_BYTES));
  journal.seekSync(0, Deno.SeekMode.Start);
  let at = 0;
  while (at < bytes.length) {
    const read = await journal.read(bytes.subarray(at));
    if (read === null) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

/** Only these blocks remain. */
function rewrite(journal: Deno.FsFile, blocks: SummedRange[]): void {
  const bytes = new Uint8Array(blocks.length * JOURNAL_RECORD_BYTES);
  blocks.forEach((block, index) => {
    putJournalRecord(bytes, index * JOURNAL_RECORD_BYTES, block.start, block.end, block.crc32);
  });
  journal.truncateSync(JOURNAL_HEADER_BYTES);
  writeAt(journal, JOURNAL_HEADER_BYTES, bytes);
}

function writeAt(file: Deno.FsFile, offset: number, bytes: Uint8Array): void {
  file.seekSync(offset, Deno.SeekMode.Start);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/** Blocks that follow each other as one. */
function joined(blocks: SummedRange[]): SummedRange[] {
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
