/** Verifies the blocks of a partial file that a journal lists. */

import { combineCrc32, crc32 } from "../../protocol/crc32.ts";
import type { SummedRange } from "../../protocol/data/range_sums.ts";
import type { ExactIdentity } from "../../files/stat/file_identity.ts";
import { lacksResources, openExactFile } from "../own_file.ts";

/** Number of concurrent reads, which keep the disk busy. */
const CONCURRENCY = 4;
const BUFFER_BYTES = 1 << 20;

/**
 * Returns the blocks whose checksums match the file, in the same order. The reads happen outside this thread.
 *
 * @param identity Identity that the file must have.
 * @param size Size that the file must have.
 * @returns undefined if the path has no file, or one with another identity or size.
 * @throws the system's error if it lacks resources, or the file cannot be read.
 */
export async function intactBlocks(
  path: string,
  identity: ExactIdentity,
  blocks: readonly SummedRange[],
  size: number,
): Promise<SummedRange[] | undefined> {
  const first = openExactFile(path, identity);
  if (!first) return undefined;
  const files = [first];
  try {
    if (first.statSync().size !== size) return undefined;
    while (files.length < Math.min(CONCURRENCY, blocks.length)) {
      const file = openAgain(path, identity);
      if (!file) break;
      files.push(file);
    }
    const intact: boolean[] = [];
    let next = 0;
    await Promise.all(files.map(async (file) => {
      const buffer = new Uint8Array(BUFFER_BYTES);
      for (let index = next++; index < blocks.length; index = next++) {
        intact[index] = await isIntact(file, blocks[index], buffer);
      }
    }));
    return blocks.filter((_, index) => intact[index]);
  } finally {
    for (const file of files) file.close();
  }
}

/** Returns undefined if there are no descriptors left. Fewer concurrent reads take longer. */
function openAgain(path: string, identity: ExactIdentity): Deno.FsFile | undefined {
  try {
    return openExactFile(path, identity);
  } catch (error) {
    if (lacksResources(error)) return undefined;
    throw error;
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
