/** Measures the disk of a directory with a file that is unlinked before the first write. */

import { delay } from "../async/delay.ts";
import { UserError } from "../errors.ts";
import { type DiskSpeed, MAX_PROBE_DISK_BYTES } from "../protocol/control/probe.ts";
import { quotePath } from "../escape_text.ts";
import { checkRealPath } from "../files/target/confinement.ts";
import { generate } from "../files/null/engine.ts";
import type { FileEngine } from "../files/engine/engine.ts";
import type { RangeReader } from "../files/engine/source.ts";
import type { RangeWriter } from "../files/engine/partial_file.ts";
import { failedDeno, failedWith } from "../files/stat/file_failure.ts";
import { FileKind } from "../files/stat/file_stat.ts";
import { joinPath } from "../files/path/local_path.ts";

const CHUNK_BYTES = 1 << 20;
/** Initial and maximum number of bytes per flush to disk. */
const FIRST_BATCH_BYTES = 4 << 20;
const MAX_BATCH_BYTES = 128 << 20;
/** The next batch is larger if one takes less than this, so that the result does not depend on the cost of flushing. */
const SHORT_BATCH_MS = 100;

/** The directory to measure, and how. */
export interface DiskProbe {
  /** Absolute path. */
  directory: string;
  /** Directory, without symbolic links, that must contain it. */
  within?: string;
  /** Minimum time for writing, and for reading. */
  ms: number;
  /** Cancels the measurement, which then throws the reason. */
  signal?: AbortSignal;
}

/**
 * Writes and flushes a file, then reads it. Uses at most MAX_PROBE_DISK_BYTES and a quarter of the free space.
 *
 * @throws {UserError} if the directory is not writable or the disk is full.
 */
export async function measureDisk(files: FileEngine, probe: DiskProbe): Promise<DiskSpeed> {
  const { directory, within } = probe;
  const stat = files.paths.stat(directory, { follow: true });
  if (!stat) throw failedWith("find", directory, "ENOENT");
  if (stat.kind !== FileKind.directory) throw failedWith("write", directory, "ENOTDIR");
  const free = await files.freeSpace(directory) ?? Infinity;
  const maxBytes = Math.min(MAX_PROBE_DISK_BYTES, Math.floor(free / 4));
  if (maxBytes < FIRST_BATCH_BYTES) {
    throw new UserError(`Cannot measure the disk of ${quotePath(directory)}: it is full`, {
      hint: "Free some space, or name another directory",
    });
  }
  const file = openNameless(files, directory, within);
  try {
    const written = await write(file, maxBytes, probe);
    file.input.forgetCache();
    const read = await readBack(file.input, written.bytes, probe);
    return {
      folder: directory,
      bytes: written.bytes,
      writeBytesPerSecond: rateOf(written),
      readBytesPerSecond: rateOf(read),
      cached: files.name !== "native",
    };
  } finally {
    for (const open of [file.output, file.input, file.sync]) open.close();
  }
}

/** A file without a name. The system frees it when this process exits. */
interface NamelessFile {
  output: RangeWriter;
  input: RangeReader;
  sync: Deno.FsFile;
}

function openNameless(files: FileEngine, directory: string, within: string | undefined): NamelessFile {
  const token = crypto.randomUUID().slice(0, 8);
  const target = { kind: "file", directory, name: "disk-speed", within } as const;
  const writer = files.openTarget([target], { preserve: false, umask: 0o077, token });
  const opened: { close(): void }[] = [];
  try {
    const partial = writer.partials.create(0, "", 0);
    const path = joinPath(directory, partial.temporary);
    checkRealPath("write", path, within);
    const output = writer.partials.open(partial);
    opened.push(output);
    const sync = openSync(path);
    opened.push(sync);
    const { dev, ino } = sync.statSync();
    const identity = { dev, inode: ino ?? 0 };
    const reader = files.sourceReader([{ path, name: partial.temporary, kind: "file", identity, size: 0, within }]);
    const input = reader.openLarge(0, "");
    opened.push(input);
    return { output, input, sync };
  } catch (error) {
    for (const each of opened) each.close();
    throw error;
  } finally {
    writer.abort();
    writer.close();
  }
}

function openSync(path: string): Deno.FsFile {
  try {
    return Deno.openSync(path, { write: true });
  } catch (error) {
    throw failedDeno("write", path, error);
  }
}

/** Transferred bytes and elapsed time. */
interface Measured {
  bytes: number;
  ms: number;
}

async function write(file: NamelessFile, maxBytes: number, { ms, signal }: DiskProbe): Promise<Measured> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  generate(chunk, 0, CHUNK_BYTES, 0);
  const wholeChunks = maxBytes - maxBytes % CHUNK_BYTES;
  const startedAt = performance.now();
  let bytes = 0;
  // Always writes a batch, because a busy machine may spend all the time elsewhere.
  for (let batch = FIRST_BATCH_BYTES; bytes < wholeChunks && (bytes === 0 || performance.now() - startedAt < ms);) {
    const batchAt = performance.now();
    const end = Math.min(wholeChunks, bytes + batch);
    for (; bytes < end; bytes += CHUNK_BYTES) {
      file.output.writeAt(chunk, 0, CHUNK_BYTES, bytes);
      if (bytes % FIRST_BATCH_BYTES === 0) await yieldUnlessAborted(signal);
    }
    await file.sync.syncData();
    if (performance.now() - batchAt < SHORT_BATCH_MS) batch = Math.min(2 * batch, MAX_BATCH_BYTES);
  }
  return { bytes, ms: performance.now() - startedAt };
}

async function readBack(input: RangeReader, end: number, { ms, signal }: DiskProbe): Promise<Measured> {
  const chunk = new Uint8Array(CHUNK_BYTES);
  const startedAt = performance.now();
  let bytes = 0;
  while (bytes < end && (bytes === 0 || performance.now() - startedAt < ms)) {
    const read = input.readAt(chunk, 0, CHUNK_BYTES, bytes);
    if (read === 0) break;
    bytes += read;
    if (bytes % FIRST_BATCH_BYTES === 0) await yieldUnlessAborted(signal);
  }
  return { bytes, ms: performance.now() - startedAt };
}

/** Yields to the event loop for keep-alives and Ctrl-C, because reads and writes are synchronous. */
async function yieldUnlessAborted(signal: AbortSignal | undefined): Promise<void> {
  await delay(0);
  signal?.throwIfAborted();
}

function rateOf({ bytes, ms }: Measured): number {
  return Math.round(bytes / Math.max(ms, 0.001) * 1000);
}
