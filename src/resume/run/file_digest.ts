/** What tells one finished file from all others, in 64 bits: its place, what its source was, and how it looked when it was done. */

import { type DigestKey, keyedDigest } from "./keyed_digest.ts";
import { type FileStatSnapshot } from "../../files/stat/file_stat.ts";

/** What the sender says of a source. */
export interface SourceLook {
  size: number;
  mtime: number;
  mtimeNs: number;
  /** Another one after each change. */
  version: number;
}

const HALF = 2 ** 32;
const ROOM = 4096;

/** Digests under one key, file after file. Takes no memory for any of them. */
export class FileDigests {
  /** The two halves of the digest that was made last. */
  readonly digest = new Uint32Array(2);
  readonly #key: DigestKey;
  readonly #directory = new Uint32Array(2);
  #words = new Uint32Array(ROOM);
  #bytes = new Uint8Array(this.#words.buffer);
  #count = 0;

  constructor(key: DigestKey) {
    this.#key = key;
  }

  /** The directory of the files that follow: bytes[start, end), relative to a root, which has this absolute path. */
  enter(root: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
    this.#count = 0;
    this.#putBytes(root, 0, root.length);
    this.#putBytes(bytes, start, end);
    keyedDigest(this.#key, this.#words, this.#count, this.#directory);
  }

  /** Makes the digest of the file names[start, end), whose source and target look like this. */
  file(names: Uint8Array, start: number, end: number, source: SourceLook, target: FileStatSnapshot): void {
    const words = this.#words;
    words[0] = this.#directory[0];
    words[1] = this.#directory[1];
    this.#count = 2;
    this.#putBytes(names, start, end);
    let at = this.#count;
    words[at++] = source.size;
    words[at++] = source.size / HALF;
    words[at++] = source.mtime;
    words[at++] = source.mtimeNs;
    words[at++] = source.version;
    words[at++] = source.version / HALF;
    words[at++] = target.mtime;
    words[at++] = target.mtimeNs;
    words[at++] = target.inodeLow;
    words[at++] = target.inode / HALF;
    keyedDigest(this.#key, words, at, this.digest);
  }

  /** The digest of one piece of bytes. */
  text(bytes: Uint8Array): void {
    this.#count = 0;
    this.#putBytes(bytes, 0, bytes.length);
    keyedDigest(this.#key, this.#words, this.#count, this.digest);
  }

  /** With their length in front, so that no two sequences of pieces are one sequence of words. */
  #putBytes(from: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const words = Math.ceil(length / 4);
    this.#reserve(this.#count + 1 + words + ROOM / 64);
    this.#words[this.#count++] = length;
    if (words > 0) this.#words[this.#count + words - 1] = 0;
    let at = this.#count * 4;
    for (let index = start; index < end; index++) this.#bytes[at++] = from[index];
    this.#count += words;
  }

  #reserve(words: number): void {
    if (words <= this.#words.length) return;
    const larger = new Uint32Array(words * 2);
    larger.set(this.#words);
    this.#words = larger;
    this.#bytes = new Uint8Array(larger.buffer);
  }
}
