/**
 * Files of earlier versions of escp in target directories, byte for byte: journals, run logs and marks. Imports nothing from
 * src/resume, so that a change of that code cannot make these files harmless by accident.
 */

import { crc32 } from "../../src/protocol/crc32.ts";

/** Attributes of a file in one of the engines. Times in whole seconds and nanoseconds. */
export interface OldStat {
  dev: number;
  inode: number;
  size: number;
  mtime: number;
  mtimeNs: number;
  ctime: number;
  ctimeNs: number;
}

/** Returns the name of the partial file, or of its journal, next to the target of this name. */
export function oldName(name: string, suffix: "part" | "journal" | "run"): string {
  return `.escp-${fnv1a(bytesOf(name))}.${suffix}`;
}

/** Returns a journal that claims that the partial file has all blocks of these contents. */
export function oldJournal(name: string, source: OldStat, contents: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const identity = bytesOf(`${source.dev}:${source.inode}:${source.ctime}.${source.ctimeNs}`);
  const blockBytes = 1 << 20;
  const blocks = Math.ceil(contents.length / blockBytes);
  const journal = new Uint8Array(512 + blocks * 24);
  const view = new DataView(journal.buffer);
  journal.set(bytesOf("ESCPJRNL"));
  view.setUint32(8, 1, true);
  view.setBigUint64(16, BigInt(source.size), true);
  view.setBigInt64(24, BigInt(source.mtime), true);
  view.setUint32(32, source.mtimeNs, true);
  view.setUint16(36, identity.length, true);
  view.setUint16(38, bytesOf(name).length, true);
  journal.set(identity, 40);
  journal.set(bytesOf(name), 168);
  view.setUint32(12, crc32(journal, 16, 512), true);
  for (let index = 0; index < blocks; index++) {
    const at = 512 + index * 24;
    const [start, end] = [index * blockBytes, Math.min(contents.length, (index + 1) * blockBytes)];
    view.setBigUint64(at, BigInt(start), true);
    view.setBigUint64(at + 8, BigInt(end), true);
    view.setUint32(at + 16, crc32(contents, start, end), true);
    view.setUint32(at + 20, crc32(journal, at, at + 20), true);
  }
  return journal;
}

/** A file that a run log claims to be finished: its name in the target directory, its source, and the file. */
export interface OldFinished {
  name: string;
  source: OldStat;
  target: OldStat;
}

/** Returns the run log of a plain copy into this directory, given by an absolute path. */
export function oldRunLog(directory: string, finished: OldFinished[]): Uint8Array<ArrayBuffer> {
  const key: Pair = [0x01234567, 0x89abcdef];
  const options = { preserve: false, xattrs: false, acls: false, sparse: false, fsync: false };
  const bootId = Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
  const bytes = new Uint8Array(32 + 16 + finished.length * 8);
  const view = new DataView(bytes.buffer);
  bytes.set(bytesOf("ESCPRUNJ"));
  view.setUint32(8, 2, true);
  putPairs(view, 16, [key, digestOf(key, [bytesOf(JSON.stringify(options))], [])]);
  view.setUint32(12, crc32(bytes, 16, 32), true);
  view.setUint32(36, finished.length, true);
  putPairs(view, 40, [digestOf(key, [bytesOf(bootId)], [])]);
  putPairs(view, 48, finished.map((file) => digestOfFile(key, directory, file)));
  view.setUint32(32, crc32(bytes, 36, bytes.length), true);
  return bytes;
}

/** Returns name and contents of the mark of a directory that an unfinished copy of this source created. */
export function oldMark(name: string, source: OldStat): { name: string; contents: Uint8Array<ArrayBuffer> } {
  const contents = bytesOf(`escp unfinished 1\n${source.dev}:${source.inode} ${name}\n`);
  return { name: `.escp-${fnv1a(contents)}.unfinished`, contents };
}

/**
 * A file as the native engine sees it, to the nanosecond, or the portable one: to the millisecond, and the time of change of
 * status to the second.
 */
export async function oldStat(path: string, engine: "native" | "portable"): Promise<OldStat> {
  const { stdout } = await new Deno.Command("stat", { args: ["-c", "%d %i %s %.9Y %.9Z", path] }).output();
  const [dev, inode, size, modified, changed] = new TextDecoder().decode(stdout).trim().split(" ");
  const [mtime, mtimeNs] = timeOf(modified, engine === "native" ? 1 : 1e6);
  const [ctime, ctimeNs] = timeOf(changed, engine === "native" ? 1 : 1e9);
  return { dev: Number(dev), inode: Number(inode), size: Number(size), mtime, mtimeNs, ctime, ctimeNs };
}

type Pair = readonly [number, number];

/** @param unit Precision in nanoseconds. Times are truncated to it. */
function timeOf(text: string, unit: number): Pair {
  const [seconds, fraction] = text.split(".");
  return [Number(seconds), Math.floor(Number(fraction) / unit) * unit];
}

function digestOfFile(key: Pair, directory: string, { name, source, target }: OldFinished): Pair {
  const version = versionOf(source);
  return digestOf(key, [bytesOf(name)], [
    ...[source.size, source.size / 2 ** 32, source.mtime, source.mtimeNs, version, version / 2 ** 32],
    ...[target.mtime, target.mtimeNs, target.inode, target.inode / 2 ** 32],
  ], digestOf(key, [bytesOf(directory), bytesOf("")], []));
}

function versionOf({ inode, ctime, ctimeNs }: OldStat): number {
  const changed = Math.imul(ctime, 0x9e3779b1) ^ Math.imul(ctimeNs, 0x85ebca6b);
  const low = (inode % 2 ** 32) ^ Math.imul(inode / 2 ** 32, 0x27d4eb2f) ^ changed;
  const high = Math.imul(low ^ (changed >>> 15) ^ ctimeNs, 0xc2b2ae35);
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

/** Encodes words, then pieces with their lengths, padded to words, then words. */
function digestOf(key: Pair, pieces: Uint8Array[], words: number[], before: readonly number[] = []): Pair {
  const all = [...before];
  for (const piece of pieces) {
    const padded = new Uint8Array(Math.ceil(piece.length / 4) * 4);
    padded.set(piece);
    all.push(piece.length, ...new Uint32Array(padded.buffer));
  }
  return halfSipHash(key, Uint32Array.from([...all, ...words.map((word) => Math.trunc(word) % 2 ** 32)]));
}

/** HalfSipHash-2-4 with 64 bits of output. */
function halfSipHash([low, high]: Pair, words: Uint32Array): Pair {
  let [v0, v1, v2, v3] = [low, high ^ 0xee, low ^ 0x6c796765, high ^ 0x74656462];
  const rotate = (value: number, by: number) => value << by | value >>> (32 - by);
  const rounds = (count: number) => {
    for (; count > 0; count--) {
      v0 = v0 + v1 | 0;
      v1 = rotate(v1, 5) ^ v0;
      v0 = rotate(v0, 16);
      v2 = v2 + v3 | 0;
      v3 = rotate(v3, 8) ^ v2;
      v0 = v0 + v3 | 0;
      v3 = rotate(v3, 7) ^ v0;
      v2 = v2 + v1 | 0;
      v1 = rotate(v1, 13) ^ v2;
      v2 = rotate(v2, 16);
    }
  };
  for (const word of [...words, words.length << 26]) {
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  v2 ^= 0xee;
  rounds(4);
  const first = v1 ^ v3;
  v1 ^= 0xdd;
  rounds(4);
  return [first >>> 0, (v1 ^ v3) >>> 0];
}

function putPairs(view: DataView, at: number, pairs: Pair[]): void {
  pairs.flat().forEach((half, index) => view.setUint32(at + index * 4, half, true));
}

function fnv1a(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
