/** Makes a small Mach-O file with __TEXT, __LINKEDIT and an ad-hoc signature. */

import { createHash } from "node:crypto";
import { CodeFlag } from "../../../scripts/release/code_signature.ts";
import { Cpu } from "../../../scripts/release/mach_o.ts";

export const PAGE = 4096;
const LINKEDIT = 2 * PAGE;
/** Bytes of __LINKEDIT before the signature. */
const LINK_BYTES = 32;
const HASH_BYTES = 32;

/** Faults of the file. Default: none. */
export interface MachOOptions {
  cpu?: number;
  unsigned?: boolean;
  flags?: number;
  identifier?: string;
  /** Number of bytes that the signature covers. */
  limit?: number;
  hashType?: number;
  /** Number of bytes after the last segment. */
  appended?: number;
  /** Offset of the code. */
  textAt?: number;
  /** Number of bytes between the segments. */
  gap?: number;
  /** Offset of a range in __LINKEDIT. */
  functionStarts?: number;
}

/** Returns the file. */
export function machOFile(options: MachOOptions = {}): Uint8Array<ArrayBuffer> {
  const { cpu = Cpu.arm64, unsigned = false, appended = 0, textAt = PAGE, gap = 0 } = options;
  const signatureAt = LINKEDIT + gap + LINK_BYTES;
  const signatureBytes = unsigned ? 0 : signatureSize(signatureAt, options);
  const linkBytes = LINK_BYTES + signatureBytes;
  const commands = [
    segment("__TEXT", 0, LINKEDIT, [["__text", textAt, PAGE]]),
    segment("__LINKEDIT", LINKEDIT + gap, linkBytes),
    words(0x26, 16, options.functionStarts ?? LINKEDIT + gap, 16),
    ...(unsigned ? [] : [words(0x1d, 16, signatureAt, signatureBytes)]),
  ];
  const commandBytes = commands.reduce((sum, { length }) => sum + length, 0);
  const file = new Uint8Array(signatureAt + signatureBytes + appended);
  let at = 0;
  for (const part of [words(0xfeedfacf, cpu, 0, 2, commands.length, commandBytes, 0, 0), ...commands]) {
    file.set(part, at);
    at += part.length;
  }
  file.fill(0x90, PAGE, LINKEDIT);
  if (!unsigned) file.set(sign(file.subarray(0, signatureAt), options), signatureAt);
  return file;
}

function segment(name: string, offset: number, size: number, sections: [string, number, number][] = []): Uint8Array {
  const bytes = new Uint8Array(72 + 80 * sections.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x19, true);
  view.setUint32(4, bytes.length, true);
  bytes.set(new TextEncoder().encode(name), 8);
  view.setBigUint64(40, BigInt(offset), true);
  view.setBigUint64(48, BigInt(size), true);
  view.setUint32(64, sections.length, true);
  sections.forEach(([sectionName, sectionOffset, sectionSize], index) => {
    const at = 72 + 80 * index;
    bytes.set(new TextEncoder().encode(sectionName), at);
    bytes.set(new TextEncoder().encode(name), at + 16);
    view.setBigUint64(at + 40, BigInt(sectionSize), true);
    view.setUint32(at + 48, sectionOffset, true);
  });
  return bytes;
}

/** Returns little-endian numbers of 32 bits. */
function words(...numbers: number[]): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 4);
  numbers.forEach((number, index) => new DataView(bytes.buffer).setUint32(index * 4, number, true));
  return bytes;
}

const CODE_DIRECTORY_AT = 20;
const IDENTIFIER_AT = 88;

function signatureSize(limit: number, { identifier = "escp" }: MachOOptions): number {
  return CODE_DIRECTORY_AT + IDENTIFIER_AT + identifier.length + 1 + Math.ceil(limit / PAGE) * HASH_BYTES;
}

function sign(covered: Uint8Array, options: MachOOptions): Uint8Array {
  const { flags = CodeFlag.adhoc, identifier = "escp", limit = covered.length, hashType = 2 } = options;
  const bytes = new Uint8Array(signatureSize(covered.length, options));
  const view = new DataView(bytes.buffer);
  const hashesAt = IDENTIFIER_AT + identifier.length + 1;
  [0xfade0cc0, bytes.length, 1, 0, CODE_DIRECTORY_AT].forEach((word, index) => view.setUint32(index * 4, word));
  const pages = Math.ceil(covered.length / PAGE);
  const header = [
    0xfade0c02,
    bytes.length - CODE_DIRECTORY_AT,
    0x20400,
    flags,
    hashesAt,
    IDENTIFIER_AT,
    0,
    pages,
    limit,
  ];
  header.forEach((word, index) => view.setUint32(CODE_DIRECTORY_AT + index * 4, word));
  bytes.set([HASH_BYTES, hashType, 0, 12], CODE_DIRECTORY_AT + 36);
  bytes.set(new TextEncoder().encode(identifier), CODE_DIRECTORY_AT + IDENTIFIER_AT);
  for (let page = 0; page < pages; page++) {
    const hash = createHash("sha256").update(covered.subarray(page * PAGE, (page + 1) * PAGE)).digest();
    bytes.set(hash, CODE_DIRECTORY_AT + hashesAt + page * HASH_BYTES);
  }
  return bytes;
}
