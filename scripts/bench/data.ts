/** Makes the data of the benchmark, with the same bytes in each run. */

import { RandomBytes, writeRandomFile } from "../../tests/support/files/random_bytes.ts";
import { text } from "../../tests/compress/text.ts";
import { exists } from "@std/fs/exists";

/** Size of each file of `createSmallFiles`. */
export const SMALL_BYTES = 4096;
const FILES_OF_A_DIRECTORY = 100;
const PIECE_BYTES = 1 << 20;

/** Makes a file of random bytes unless it exists. */
export async function createRandomFile(path: string, bytes: number): Promise<void> {
  if (!await exists(path)) await writeRandomFile(path, bytes, "big");
}

const CHANGED_BYTES = 64 << 10;

/** Copies a file to `old`, and changes every hundredth block of 64 KiB. */
export async function changeBlocks(path: string, old: string): Promise<void> {
  await Deno.copyFile(path, old);
  using file = await Deno.open(old, { read: true, write: true });
  const random = new RandomBytes("changed");
  const block = new Uint8Array(CHANGED_BYTES);
  const { size } = await file.stat();
  for (let at = CHANGED_BYTES * 50; at + CHANGED_BYTES <= size; at += CHANGED_BYTES * 100) {
    random.fill(block);
    file.seekSync(at, Deno.SeekMode.Start);
    file.writeSync(block);
  }
}

/** Copies a file to `old`, without 10 bytes at 1 MiB. */
export async function insertBytes(path: string, old: string): Promise<void> {
  const from = await Deno.open(path);
  const to = await Deno.create(old);
  const start = new Uint8Array(1 << 20);
  to.writeSync(start.subarray(0, from.readSync(start) ?? 0));
  from.seekSync(10, Deno.SeekMode.Current);
  // Closes both.
  await from.readable.pipeTo(to.writable);
}

/** Makes a tree of files of one size, 100 per directory, unless it exists. */
export async function createSmallFiles(path: string, files: number, bytes = SMALL_BYTES): Promise<void> {
  if (await exists(path)) return;
  const random = new RandomBytes("many");
  const content = new Uint8Array(bytes);
  for (let made = 0; made < files; made++) {
    const directory = `${path}/${Math.floor(made / FILES_OF_A_DIRECTORY)}`;
    if (made % FILES_OF_A_DIRECTORY === 0) await Deno.mkdir(directory, { recursive: true });
    random.fill(content);
    Deno.writeFileSync(`${directory}/${made % FILES_OF_A_DIRECTORY}`, content);
  }
}

/**
 * Returns realistic sizes of files: their logarithms are normally distributed (Downey, "The structural cause of file size
 * distributions"), here with a standard deviation of 2. Their total is exactly `sum`.
 */
export function logNormalSizes(files: number, sum: number): number[] {
  const random = new RandomBytes("sizes");
  const uniform = () => (random.next() + 1) / (2 ** 32 + 1);
  // Box-Muller transform.
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const weights = Array.from({ length: files }, () => Math.exp(2 * normal()));
  const total = weights.reduce((a, b) => a + b, 0);
  const sizes = weights.map((weight) => Math.floor(weight / total * sum));
  sizes[0] += sum - sizes.reduce((a, b) => a + b, 0);
  return sizes;
}

/** Makes a tree of random files with these sizes, 100 per directory. */
export async function createSizedFiles(path: string, sizes: number[]): Promise<void> {
  for (const [index, size] of sizes.entries()) {
    const directory = `${path}/${Math.floor(index / FILES_OF_A_DIRECTORY)}`;
    await Deno.mkdir(directory, { recursive: true });
    await writeRandomFile(`${directory}/${index % FILES_OF_A_DIRECTORY}`, size, index);
  }
}

/** Makes a sparse file with evenly spread pieces of 1 MiB of random bytes. */
export async function createSparseFile(path: string, bytes: number, pieces: number): Promise<void> {
  const random = new RandomBytes("sparse");
  const piece = new Uint8Array(PIECE_BYTES);
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  await file.truncate(bytes);
  for (const offset of pieceOffsets(bytes, pieces)) {
    random.fill(piece);
    await file.seek(offset, Deno.SeekMode.Start);
    for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
  }
}

/**
 * Compares the pieces and the sizes on disk, without reading terabytes of holes.
 *
 * @returns The difference; `undefined` if the files are equal.
 */
export async function compareSparseFiles(
  expected: string,
  actual: string,
  pieces: number,
): Promise<string | undefined> {
  using left = await Deno.open(expected);
  using right = await Deno.open(actual);
  const [mine, theirs] = await Promise.all([left.stat(), right.stat()]);
  if (mine.size !== theirs.size) return `has ${theirs.size} bytes, expected ${mine.size}`;
  for (const offset of pieceOffsets(mine.size, pieces)) {
    const [a, b] = await Promise.all([readPiece(left, offset), readPiece(right, offset)]);
    if (a.some((byte, at) => byte !== b[at])) return `differs between byte ${offset} and ${offset + PIECE_BYTES}`;
  }
  return undefined;
}

/** Makes a file of similar lines, like a log, unless it exists. Its contents repeat after 32 MiB. */
export async function createText(path: string, bytes: number): Promise<void> {
  if (await exists(path)) return;
  const block = text(Math.min(bytes, 32 << 20));
  using file = await Deno.open(path, { write: true, create: true });
  for (let left = bytes; left > 0;) left -= await file.write(block.subarray(0, Math.min(left, block.length)));
}

function pieceOffsets(bytes: number, pieces: number): number[] {
  const stride = Math.floor(bytes / pieces / PIECE_BYTES) * PIECE_BYTES;
  return Array.from({ length: pieces }, (_, index) => index * stride);
}

async function readPiece(file: Deno.FsFile, offset: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(PIECE_BYTES);
  await file.seek(offset, Deno.SeekMode.Start);
  for (let at = 0; at < bytes.length;) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) break;
    at += read;
  }
  return bytes;
}
