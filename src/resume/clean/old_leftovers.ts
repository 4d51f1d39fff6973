/**
 * Files that earlier versions of escp kept in target directories: partial files and journals named by a hash of the
 * target's name, run logs, and marks of unfinished directories. Their contents are not trusted. --clean removes them if
 * name and contents have the form that such a version wrote.
 */

import { crc32 } from "../../protocol/crc32.ts";
import { fnv1a } from "../../files/path/temporary_names.ts";

/** A journal and its partial file. */
export interface OldPair {
  partial: string;
  journal: string;
}

/** Number of first bytes that identify a journal. */
export const OLD_JOURNAL_BYTES = 512;
/** Number of first bytes that identify a run log. */
export const OLD_RUN_LOG_BYTES = 32;
/** Maximum bytes of a mark, which contains a name and two numbers. */
export const MAX_OLD_MARK_BYTES = 1024;

const CHECKED_FROM = 16;
const NAME_AT = 168;
const MARK = "escp unfinished 1\n";

/** Returns the pair of a journal; undefined if the name is not one of a journal. */
export function oldPairOf(journal: string): OldPair | undefined {
  const stem = /^(\.escp-[0-9a-f]{16})\.journal$/.exec(journal)?.[1];
  return stem === undefined ? undefined : { partial: `${stem}.part`, journal };
}

/** Returns the journal of a partial file; undefined if the name is not one of a partial file. */
export function journalOfOldPartial(partial: string): string | undefined {
  const stem = /^(\.escp-[0-9a-f]{16})\.part$/.exec(partial)?.[1];
  return stem === undefined ? undefined : `${stem}.journal`;
}

/** Returns whether a name has the form of a run log. */
export function isOldRunLogName(name: string): boolean {
  return /^\.escp-[0-9a-f]{16}\.run$/.test(name);
}

/** Returns whether a name has the form of a mark. */
export function isOldMarkName(name: string): boolean {
  return /^\.escp-[0-9a-f]{16}\.unfinished$/.test(name);
}

/** Returns whether a file with these first bytes is the journal of this name. A crash may leave an empty journal. */
export function isOldJournal(bytes: Uint8Array<ArrayBuffer>, name: string): boolean {
  if (bytes.length === 0) return true;
  if (!isChecked(bytes, "ESCPJRNL", OLD_JOURNAL_BYTES)) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint16(38, true);
  return length <= 255 && `.escp-${fnv1a(bytes.subarray(NAME_AT, NAME_AT + length))}.journal` === name;
}

/** Returns whether a file with these first bytes is a run log. A crash may leave an empty run log. */
export function isOldRunLog(bytes: Uint8Array<ArrayBuffer>): boolean {
  return bytes.length === 0 || isChecked(bytes, "ESCPRUNJ", OLD_RUN_LOG_BYTES);
}

/** Returns whether this is the text of the mark of this name. A crash may leave an empty mark. */
export function isOldMark(text: Uint8Array, name: string): boolean {
  if (text.length === 0) return true;
  const first = new TextDecoder().decode(text.subarray(0, MARK.length));
  return text.length <= MAX_OLD_MARK_BYTES && first === MARK && `.escp-${fnv1a(text)}.unfinished` === name;
}

function isChecked(bytes: Uint8Array<ArrayBuffer>, magic: string, length: number): boolean {
  if (bytes.length < length || new TextEncoder().encode(magic).some((byte, at) => bytes[at] !== byte)) return false;
  const sum = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true);
  return sum === crc32(bytes, CHECKED_FROM, length);
}
