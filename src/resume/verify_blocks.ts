/** Reads again what a journal claims to be there. */

import { identityOf, isSameFile } from "../files/file_identity.ts";
import { combineCrc32, crc32 } from "../protocol/crc32.ts";
import type { SummedRange } from "../protocol/range_sums.ts";
import { openOwnFile } from "./own_file.ts";

/** A partial file with its intact blocks. */
export interface IntactFile {
  /** The open file. */
  file: Deno.FsFile;
  /** Intact blocks, in order. */
  blocks: SummedRange[];
}

/** Reads that are under way at one time: a disk is not the faster for one that waits for the other. */
const LANES = 4;
const PIECE_BYTES = 1 << 20;

/**
 * Returns those of the blocks that the file contains. Reads outside this thread.
 *
 * @param size of the whole file.
 * @returns undefined when the file is not there, or has another size.
 */
export async function intactBlocks(
  path: string,
  blocks: readonly SummedRange[],
  size: number,
): Promise<IntactFile | undefined> {
  const first = openOwnFile(path);
  if (!first) return undefined;
  const files = [first];
  let found: IntactFile | undefined;
  try {
    const info = first.statSync();
    if (info.size !== size) return undefined;
    const identity = identityOf(info);
    while (files.length < Math.min(LANES, blocks.length)) {
      const file = openOwnFile(path);
      if (!file) return undefined;
      files.push(file);
      if (!isSameFile(identityOf(file.statSync()), identity)) return undefined;
    }
    const intact: boolean[] = [];
    let next = 0;
    await Promise.all(files.map(async (file) => {
      const buffer = new Uint8Array(PIECE_BYTES);
      for (let index = next++; index < blocks.length; index = next++) {
        intact[index] = await isIntact(file, blocks[index], buffer);
      }
    }));
    found = { file: first, blocks: blocks.filter((_, index) => intact[index]) };
    return found;
  } finally {
    for (const file of files) if (file !== found?.file) file.close();
  }
}

async function isIntact(file: Deno.FsFile, block: SummedRange, buffer: Uint8Array<ArrayBuffer>): Promise<boolean> {
  let sum = 0;
  file.seekSync(block.start, Deno.SeekMode.Start);
  for (let at = block.start; at < block.end;) {
    const read = await file.read(buffer.subarray(0, Math.min(buffer.length, block.end - at)));
    if (!read) return false;
    sum = combineCrc32(sum, crc32(buffer, 0, read), read);
    at += read;
  }
  return sum === block.crc32;
}
