/** Digests of finished files, from the target path, attributes of the source, and attributes of the finished file. */

import { type DigestKey, keyedDigest } from "./keyed_digest.ts";
import { type FileStatSnapshot } from "../../files/stat/file_stat.ts";

/** Attributes of a source as the sender reports them. */
export interface SourceStat {
  size: number;
  mtime: number;
  mtimeNs: number;
  /** A number that differs after each change. */
  version: number;
}

const HALF = 2 ** 32;
const INITIAL_WORDS = 4096;
/** Words reserved for the numbers after the names. */
const SPARE_WORDS = 64;

/** Computes digests under one key, without allocating memory per file. */
export class FileDigests {
  /** The two halves of the last digest. */
  readonly digest = new Uint32Array(2);
  readonly #key: DigestKey;
  readonly #directory = new Uint32Array(2);
  #words = new Uint32Array(INITIAL_WORDS);
  #bytes = new Uint8Array(this.#words.buffer);
  #count = 0;

  constructor(key: DigestKey) {
    this.#key = key;
  }

  /** Sets the directory of the next files: bytes[start, end), relative to the absolute path of a root. */
  enter(root: Uint8Array, bytes: Uint8Array, start: number, end: number): void {
    this.#count = 0;
    this.#putBytes(root, 0, root.length);
    this.#putBytes(bytes, start, end);
    keyedDigest(this.#key, this.#words, this.#count, this.#directory);
  }

  /** Computes the digest of the file names[start, end) with these attributes of source and target. */
  file(names: Uint8Array, start: number, end: number, source: SourceStat, target: FileStatSnapshot): void {
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

  /** Computes the digest of bytes. */
  text(bytes: Uint8Array): void {
    this.#count = 0;
    this.#putBytes(bytes, 0, bytes.length);
    keyedDigest(this.#key, this.#words, this.#count, this.digest);
  }

  /** Appends bytes after their length, so that different sequences of names never result in the same words. */
  #putBytes(from: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const words = Math.ceil(length / 4);
    this.#reserve(this.#count + 1 + words + SPARE_WORDS);
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
