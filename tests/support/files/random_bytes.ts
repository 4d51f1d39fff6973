/** Reproducible pseudorandom bytes and trees. */

import type { TreeEntries } from "./temp_tree.ts";

/** A generator of reproducible bytes: xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators"). */
export class RandomBytes {
  readonly #state = new Uint32Array(4);

  /** @param seed Any text or number. Different seeds give different bytes. */
  constructor(seed: string | number) {
    // Mixes the seed like SplitMix, so that seeds that differ in one bit give unrelated states.
    let spread = 0x9e3779b9;
    for (const char of `${seed}`) spread = mix(spread ^ char.codePointAt(0)!);
    for (let at = 0; at < 4; at++) this.#state[at] = spread = mix(spread + 0x9e3779b9);
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
  }

  /** Returns the next 32 bits, 0 to 2^32 - 1. */
  next(): number {
    const word = new Uint32Array(1);
    this.#fillWords(word);
    return word[0];
  }

  /** Returns an integer from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.next() / 2 ** 32 * limit);
  }

  /** Fills the bytes. Several calls give the same sequence as one if all lengths but the last are multiples of 4. */
  fill(bytes: Uint8Array): void {
    const whole = bytes.length >>> 2;
    const aligned = bytes.byteOffset % 4 === 0;
    const words = aligned ? new Uint32Array(bytes.buffer, bytes.byteOffset, whole) : new Uint32Array(whole);
    this.#fillWords(words);
    if (!aligned) bytes.set(new Uint8Array(words.buffer));
    for (let at = whole * 4, word = at < bytes.length ? this.next() : 0; at < bytes.length; at++, word >>>= 8) {
      bytes[at] = word;
    }
  }

  #fillWords(words: Uint32Array): void {
    let [a, b, c, d] = this.#state;
    for (let at = 0; at < words.length; at++) {
      const scrambled = Math.imul(b, 5);
      words[at] = Math.imul(scrambled << 7 | scrambled >>> 25, 9);
      const shifted = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= shifted;
      d = d << 11 | d >>> 21;
    }
    this.#state.set([a, b, c, d]);
  }
}

/** Returns `size` reproducible bytes. */
export function randomBytes(size: number, seed: string | number = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  new RandomBytes(seed).fill(bytes);
  return bytes;
}

/** Writes or replaces a file of `size` reproducible bytes with at most 1 MiB of memory. */
export async function writeRandomFile(path: string, size: number, seed: string | number = 0): Promise<void> {
  const random = new RandomBytes(seed);
  const block = new Uint8Array(Math.min(size, 1 << 20));
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  for (let left = size; left > 0;) {
    const piece = block.subarray(0, Math.min(left, block.length));
    random.fill(piece);
    for (let at = 0; at < piece.length;) at += await file.write(piece.subarray(at));
    left -= piece.length;
  }
}

/** Shape of a random tree. */
export interface RandomTreeShape {
  files: number;
  /** Number of directories, nested at random. Some may stay empty. */
  directories: number;
  /** Maximum size of a file. Most are small. */
  maxBytes: number;
  seed?: string | number;
}

/** Returns a tree with names of spaces, quotes and letters from many scripts, files of all sizes and some empty directories. */
export function randomTree(shape: RandomTreeShape): TreeEntries {
  const random = new RandomBytes(shape.seed ?? 0);
  const entries: TreeEntries = {};
  const directories = [""];
  for (let made = 0; made < shape.directories; made++) {
    const path = `${directories[random.below(directories.length)]}${randomName(random)} ${made}/`;
    directories.push(path);
    entries[path.slice(0, -1)] = { directory: true };
  }
  for (let made = 0; made < shape.files; made++) {
    const path = `${directories[random.below(directories.length)]}${made}-${randomName(random)}`;
    const size = Math.floor(shape.maxBytes * (random.next() / 2 ** 32) ** 4);
    entries[path] = { size, seed: path };
  }
  return entries;
}

const NAME_PARTS = [
  "data",
  "Übung",
  "名前",
  "a b",
  "it's",
  'say "hi"',
  "$HOME",
  "-r",
  "*",
  "x;y",
  "dot.",
  "éclair",
  "🚀",
  "~",
];

function randomName(random: RandomBytes): string {
  const parts = Array.from({ length: 1 + random.below(3) }, () => NAME_PARTS[random.below(NAME_PARTS.length)]);
  return parts.join("_");
}

function mix(word: number): number {
  word = Math.imul(word ^ word >>> 16, 0x85ebca6b);
  word = Math.imul(word ^ word >>> 13, 0xc2b2ae35);
  return (word ^ word >>> 16) >>> 0;
}
