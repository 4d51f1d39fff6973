/** Opens the completion record of a copy: takes over the record of earlier runs, or starts a new one. */

import { concat } from "../../bytes.ts";
import type { RecordedTarget } from "../../files/engine/partial_file.ts";
import { codeOf } from "../../files/stat/file_failure.ts";
import { lockExisting, lockRecord, removeRecord } from "../lock_record.ts";
import { openOwnFile, readBeginning, writeAt } from "../own_file.ts";
import { MAX_HEADER_BYTES } from "../record_header.ts";
import type { DigestKey } from "./keyed_digest.ts";
import {
  type CreatedDirectory,
  decodeEntries,
  decodeRunHeader,
  DIGEST_BYTES,
  DIGESTS_HEADER_BYTES,
  encodeDirectory,
  encodeRunHeader,
} from "./record.ts";

/** An open record, locked until its file is closed. */
export interface OpenRecord {
  file: Deno.FsFile;
  key: DigestKey;
  /** Length of the record in bytes. */
  length: number;
  /** Number of digests of files that earlier runs have finished. */
  digests: number;
  /** Directories that earlier runs have created. */
  directories: readonly CreatedDirectory[];
  /** The record of earlier runs, and the offset of its entries. */
  earlier?: { bytes: Uint8Array<ArrayBuffer>; start: number };
}

/** Maximum number of digests in a record: 4 million files. Further files are sent again. */
export const MAX_DIGESTS = 2 ** 22;
/** Maximum length of a record, in bytes. */
export const MAX_RECORD_BYTES = MAX_HEADER_BYTES + MAX_DIGESTS * (DIGESTS_HEADER_BYTES + DIGEST_BYTES);

/**
 * Opens and locks a record.
 *
 * @param options.create Whether to create a missing record.
 * @returns undefined if there is none, or another copy uses it.
 * @throws {unknown} The system's error if the record cannot be opened or created.
 */
export async function openRecord(
  { record, target }: RecordedTarget,
  { create }: { create: boolean },
): Promise<OpenRecord | undefined> {
  const file = create ? await lockRecord(record) : await lockExisting(record);
  if (!file) return undefined;
  try {
    return await takeOver(file, target) ?? begin(file, target);
  } catch (error) {
    removeRecord(record, file);
    throw error;
  }
}

/** Returns the directories in a record, even while another process uses it. */
export async function readDirectories({ record, target }: RecordedTarget): Promise<CreatedDirectory[]> {
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

/** Removes a record of earlier runs, unless it is in use. */
export async function removeUnusedRecord({ record }: Pick<RecordedTarget, "record">): Promise<void> {
  try {
    const file = await lockExisting(record);
    if (file) removeRecord(record, file);
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}

/** Takes over the record of earlier runs; undefined if it is invalid or belongs to another target. */
async function takeOver(file: Deno.FsFile, target: string): Promise<OpenRecord | undefined> {
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
  // A full record starts over, but keeps the directories, so that a resumed directory is not taken for a foreign one.
  if (digests >= MAX_DIGESTS) return begin(file, target, directories);
  file.truncateSync(length);
  file.seekSync(length, Deno.SeekMode.Start);
  return { file, key, length, digests, directories, earlier: { bytes: bytes.subarray(0, length), start: headerBytes } };
}

function begin(file: Deno.FsFile, target: string, directories: readonly CreatedDirectory[] = []): OpenRecord {
  const [low, high] = crypto.getRandomValues(new Uint32Array(2));
  const key: DigestKey = [low, high];
  const header = encodeRunHeader({ target, key });
  const entries = directories.map(encodeDirectory).filter((entry) => entry !== undefined);
  const bytes: Uint8Array<ArrayBuffer> = concat([header, ...entries]);
  file.truncateSync(0);
  writeAt(file, 0, bytes);
  const earlier = directories.length > 0 ? { bytes, start: header.length } : undefined;
  return { file, key, length: bytes.length, digests: 0, directories, earlier };
}

/** Reads a record; undefined if it is longer than any record that escp writes. */
async function readRecord(file: Deno.FsFile): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return file.statSync().size > MAX_RECORD_BYTES ? undefined : await readBeginning(file, MAX_RECORD_BYTES);
}
