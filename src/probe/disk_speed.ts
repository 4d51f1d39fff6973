/** How fast a directory's disk is, by a file that loses its hidden name before anything is written to it. */

import { UserError } from "../errors.ts";
import { type DiskSpeed, MAX_PROBE_DISK_BYTES } from "../protocol/control/probe.ts";
import { checkRealPath } from "../files/target/confinement.ts";
import { generate } from "../files/null/engine.ts";
import type { FileEngine } from "../files/engine/engine.ts";
import type { RangeReader } from "../files/engine/source.ts";
import type { RangeWriter } from "../files/engine/target.ts";
import { failedDeno, failedWith } from "../files/stat/file_failure.ts";
import { FileKind } from "../files/stat/file_stat.ts";
import { joinPath } from "../files/path/local_path.ts";

const PIECE_BYTES = 1 << 20;
/** Bytes that are brought to the disk together: at first, and at the most. */
const FIRST_BATCH_BYTES = 4 << 20;
const MOST_BATCH_BYTES = 128 << 20;
/** A batch that takes less than this is followed by a larger one, so that it is not the syncing that is measured. */
const SHORT_BATCH_MS = 100;

/** What is measured, and how. */
export interface DiskProbe {
  /** Absolute. */
  directory: string;
  /** Directory, without symbolic links, that it has to lie in. */
  within?: string;
  /** How long writing may take, or somewhat longer, and reading as well. */
  ms: number;
  /** Ends it early; its reason is thrown. */
  signal?: AbortSignal;
}

/**
 * Writes until it is on the disk, and reads it again. At most MAX_PROBE_DISK_BYTES, and a quarter of what is free.
 *
 * @throws {UserError} when nothing can be written there.
 */
export async function measureDisk(files: FileEngine, probe: DiskProbe): Promise<DiskSpeed> {
  const { directory, within } = probe;
  const stat = files.paths.stat(directory, { follow: true });
  if (!stat) throw failedWith("find", directory, "ENOENT");
  if (stat.kind !== FileKind.directory) throw failedWith("write", directory, "ENOTDIR");
  const free = await files.freeSpace(directory) ?? Infinity;
  const most = Math.min(MAX_PROBE_DISK_BYTES, Math.floor(free / 4));
  if (most < FIRST_BATCH_BYTES) {
    throw new UserError(`Cannot measure the disk of ${JSON.stringify(directory)}: it is full`, {
      hint: "Free some space, or name another directory",
    });
  }
  const file = openNameless(files, directory, within);
  try {
    const written = await write(file, most, probe);
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

/** A file of which nothing stays, however this process ends. */
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

/** Bytes and the time that they took. */
interface Measured {
  bytes: number;
  ms: number;
}

async function write(file: NamelessFile, most: number, { ms, signal }: DiskProbe): Promise<Measured> {
  const piece = new Uint8Array(PIECE_BYTES);
  generate(piece, 0, PIECE_BYTES, 0);
  const startedAt = performance.now();
  let bytes = 0;
  // Something in any case: before the first of it a busy machine may have spent all that time elsewhere.
  for (let batch = FIRST_BATCH_BYTES; bytes < most && (bytes === 0 || performance.now() - startedAt < ms);) {
    const batchAt = performance.now();
    const end = Math.min(most - most % PIECE_BYTES, bytes + batch);
    for (; bytes < end; bytes += PIECE_BYTES) {
      file.output.writeAt(piece, 0, PIECE_BYTES, bytes);
      if (bytes % FIRST_BATCH_BYTES === 0) await turn(signal);
    }
    await file.sync.syncData();
    if (performance.now() - batchAt < SHORT_BATCH_MS) batch = Math.min(2 * batch, MOST_BATCH_BYTES);
    if (end === most - most % PIECE_BYTES) break;
  }
  return { bytes, ms: performance.now() - startedAt };
}

async function readBack(input: RangeReader, end: number, { ms, signal }: DiskProbe): Promise<Measured> {
  const piece = new Uint8Array(PIECE_BYTES);
  const startedAt = performance.now();
  let bytes = 0;
  while (bytes < end && (bytes === 0 || performance.now() - startedAt < ms)) {
    const read = input.readAt(piece, 0, PIECE_BYTES, bytes);
    if (read === 0) break;
    bytes += read;
    if (bytes % FIRST_BATCH_BYTES === 0) await turn(signal);
  }
  return { bytes, ms: performance.now() - startedAt };
}

/** Reads and writes are synchronous: signs of life, and Ctrl-C, need a turn. */
async function turn(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
  signal?.throwIfAborted();
}

function rateOf({ bytes, ms }: Measured): number {
  return Math.round(bytes / Math.max(ms, 0.001) * 1000);
}
