/** Measures reads and writes past the page cache (O_DIRECT) in a directory on a disk. Times are per block. Linux. */

import process from "node:process";
import { openAsyncFileCalls } from "../../../src/native/file/async_calls.ts";
import { addressOf, AT_FDCWD, openFileCalls } from "../../../src/native/file/calls.ts";
import { PinnedBuffer } from "../../../src/native/file/pinned_buffer.ts";
import { alignedBuffer } from "../../../src/native/libc/aligned_buffer.ts";
import { encodeName } from "../../../src/protocol/names.ts";

const BLOCKS = 64;
const IN_FLIGHT = 8;

/** Processor time and elapsed time with one call at a time, and elapsed time with eight calls in flight. */
export async function measureDirectReads(
  directory: string,
  blockBytes: number,
): Promise<{ cpu: number; elapsed: number; inFlight: number }> {
  const path = `${directory}/model-direct`;
  // Random bytes on disk, so that no layer below can omit them.
  writeBlocks(path, blockBytes);
  const fd = openDirect(path, openFileCalls().flags.read);
  try {
    const buffers = Array.from({ length: IN_FLIGHT }, () => alignedBuffer(blockBytes));
    const one = measure(() => {
      for (let block = 0; block < BLOCKS; block++) {
        const read = openFileCalls().pread(fd, positionOf(buffers[0]), blockBytes, block * blockBytes);
        if (read !== blockBytes) throw new Error("Cannot read past the page cache");
      }
    });
    const started = performance.now();
    let next = 0;
    await Promise.all(buffers.map(async (buffer) => {
      while (next < BLOCKS) {
        const read = await openAsyncFileCalls().pread(fd, positionOf(buffer), blockBytes, next++ * blockBytes);
        if (read !== blockBytes) throw new Error("Cannot read past the page cache");
      }
    }));
    return { ...one, inFlight: (performance.now() - started) / 1000 / BLOCKS };
  } finally {
    openFileCalls().close(fd);
    Deno.removeSync(path);
  }
}

/** Measures writes to a new file. */
export function measureDirectWrites(directory: string, blockBytes: number): { cpu: number; elapsed: number } {
  const path = `${directory}/model-direct`;
  try {
    return writeBlocks(path, blockBytes);
  } finally {
    Deno.removeSync(path);
  }
}

function writeBlocks(path: string, blockBytes: number): { cpu: number; elapsed: number } {
  Deno.writeFileSync(path, new Uint8Array());
  const calls = openFileCalls();
  const fd = openDirect(path, calls.flags.write);
  const buffer = alignedBuffer(blockBytes);
  for (let at = 0; at < blockBytes; at += 1 << 16) crypto.getRandomValues(buffer.subarray(at, at + (1 << 16)));
  try {
    return measure(() => {
      for (let block = 0; block < BLOCKS; block++) {
        const written = calls.pwrite(fd, positionOf(buffer), blockBytes, block * blockBytes);
        if (written !== blockBytes) throw new Error("Cannot write past the page cache");
      }
    });
  } finally {
    calls.close(fd);
  }
}

function measure(work: () => void): { cpu: number; elapsed: number } {
  const [started, before] = [performance.now(), process.cpuUsage()];
  work();
  const { user, system } = process.cpuUsage(before);
  return { cpu: (user + system) / 1e6 / BLOCKS, elapsed: (performance.now() - started) / 1000 / BLOCKS };
}

function openDirect(path: string, mode: number): number {
  const calls = openFileCalls();
  const name = encodeName(path);
  const fd = calls.openat(AT_FDCWD, new PinnedBuffer(name.length + 1).putName(name), mode | calls.flags.direct, 0);
  if (fd < 0) throw new Error(`Cannot open "${path}" without the page cache: error ${calls.errno()}`);
  return fd;
}

function positionOf(buffer: Uint8Array<ArrayBuffer>): number {
  return addressOf(buffer.buffer) + buffer.byteOffset;
}
