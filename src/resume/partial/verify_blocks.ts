/** Reads the blocks again that a journal claims to be written. */

import { combineCrc32, crc32 } from "../../protocol/crc32.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import type { ExactIdentity } from "../../files/stat/file_identity.ts";
import { openExactFile } from "../own_file.ts";

/** Reads that are under way at one time: a disk is not the faster for one that waits for the other. */
const LANES = 4;
const PIECE_BYTES = 1 << 20;

/**
 * Returns those of these blocks that the file contains, in their order. The reads take place outside this thread.
 *
 * @param wanted which file it has to be.
 * @param size of the whole file.
 * @returns undefined if another file, or none, has this path, or its size differs.
 */
export async function intactBlocks(
  path: string,
  wanted: ExactIdentity,
  blocks: readonly SummedRange[],
  size: number,
): Promise<SummedRange[] | undefined> {
  const first = openExactFile(path, wanted);
  if (!first) return undefined;
  const files = [first];
  try {
    if (first.statSync().size !== size) return undefined;
    while (files.length < Math.min(LANES, blocks.length)) {
      const file = openExactFile(path, wanted);
      if (!file) return undefined;
      files.push(file);
    }
    const intact: boolean[] = [];
    let next = 0;
    await Promise.all(files.map(async (file) => {
      const buffer = new Uint8Array(PIECE_BYTES);
      for (let index = next++; index < blocks.length; index = next++) {
        intact[index] = await isIntact(file, blocks[index], buffer);
      }
    }));
    return blocks.filter((_, index) => intact[index]);
  } finally {
    for (const file of files) file.close();
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
