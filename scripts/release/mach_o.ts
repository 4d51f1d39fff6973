/**
 * Checks executables of macOS: the layout of the Mach-O file and its ad-hoc signature. On arm64 the kernel kills a process
 * whose signature is invalid.
 */

import { createHash } from "node:crypto";
import { codeDirectoryOf, CodeFlag } from "./code_signature.ts";

/** Types of processors (mach/machine.h). */
export const Cpu = { x64: 0x01000007, arm64: 0x0100000c } as const;

const HEADER_BYTES = 32;
const MAGIC = 0xfeedfacf;
const EXECUTE = 2;
const SEGMENT_BYTES = 72;
const SECTION_BYTES = 80;
/** Commands that refer to ranges of __LINKEDIT (mach-o/loader.h). */
const Command = { symbols: 0x2, segment: 0x19, signature: 0x1d, functionStarts: 0x26, dataInCode: 0x29 } as const;

/** A range of a file. */
export interface FileRange {
  name: string;
  offset: number;
  size: number;
}

/** The parts of a Mach-O file that the system reads when it starts the executable. */
export interface MachO {
  cpu: number;
  /** Segments with contents in the file, in the order of their commands. */
  segments: FileRange[];
  /** Sections with contents in the file. */
  sections: FileRange[];
  /** Ranges of __LINKEDIT, except for the signature. */
  links: FileRange[];
  signature?: FileRange;
  /** Offset of the first byte after the commands. */
  commandsEnd: number;
}

/** Parses the header and the commands. @throws {Error} For another format. */
export function parseMachO(file: Uint8Array): MachO {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const uint32 = (at: number) => view.getUint32(at, true);
  const uint64 = (at: number) => Number(view.getBigUint64(at, true));
  if (uint32(0) !== MAGIC || uint32(12) !== EXECUTE) throw new Error("it is not a Mach-O executable of 64 bits");
  const parsed: MachO = {
    cpu: uint32(4),
    segments: [],
    sections: [],
    links: [],
    commandsEnd: HEADER_BYTES + uint32(20),
  };
  const nameAt = (at: number) => new TextDecoder().decode(file.subarray(at, at + 16)).replace(/\0+$/, "");
  let at = HEADER_BYTES;
  for (let left = uint32(16); left > 0; left--) {
    const [command, size] = [uint32(at), uint32(at + 4)];
    if (size < 8 || at + size > parsed.commandsEnd) throw new Error("its commands exceed their size in the header");
    const range = (name: string) => ({ name, offset: uint32(at + 8), size: uint32(at + 12) });
    if (command === Command.segment) {
      parsed.segments.push({ name: nameAt(at + 8), offset: uint64(at + 40), size: uint64(at + 48) });
      for (let index = 0; index < uint32(at + 64); index++) {
        const section = at + SEGMENT_BYTES + index * SECTION_BYTES;
        const offset = uint32(section + 48);
        // Sections of zeros have no offset.
        if (offset > 0) parsed.sections.push({ name: nameAt(section), offset, size: uint64(section + 40) });
      }
    }
    if (command === Command.symbols) {
      parsed.links.push({ name: "the table of symbols", offset: uint32(at + 8), size: uint32(at + 12) * 16 });
      parsed.links.push({ name: "the names of symbols", offset: uint32(at + 16), size: uint32(at + 20) });
    }
    if (command === Command.functionStarts) parsed.links.push(range("the starts of functions"));
    if (command === Command.dataInCode) parsed.links.push(range("the data in code"));
    if (command === Command.signature) parsed.signature = range("the signature");
    at += size;
  }
  if (at !== parsed.commandsEnd) throw new Error("its commands end before their size in the header");
  parsed.segments = parsed.segments.filter(({ size }) => size > 0);
  return parsed;
}

/** Returns why macOS would refuse an executable; undefined for a valid one. */
export function machOProblem(file: Uint8Array): string | undefined {
  let parsed: MachO;
  try {
    parsed = parseMachO(file);
  } catch (error) {
    return error instanceof RangeError ? "it is shorter than its commands say" : (error as Error).message;
  }
  return layoutProblem(parsed, file.length) ?? signatureProblem(parsed, file);
}

function layoutProblem(
  { segments, sections, links, signature, commandsEnd }: MachO,
  bytes: number,
): string | undefined {
  let end = 0;
  for (const { name, offset, size } of segments) {
    if (offset !== end) return `segment ${name} does not start where the previous one ends`;
    end = offset + size;
  }
  if (end !== bytes) return "its last segment does not end at the end of the file";
  const overwritten = sections.find(({ offset }) => offset < commandsEnd);
  if (overwritten) return `its commands overlap section ${overwritten.name}`;
  const last = segments.at(-1)!;
  if (last.name !== "__LINKEDIT") return `its last segment is ${last.name} instead of __LINKEDIT`;
  const linksEnd = signature?.offset ?? end;
  const outside = links.find(({ offset, size }) => size > 0 && (offset < last.offset || offset + size > linksEnd));
  if (outside) return `${outside.name} is outside of __LINKEDIT, or overlaps the signature`;
  if (signature && signature.offset + signature.size !== end) {
    return "its signature does not end at the end of the file";
  }
  return undefined;
}

function signatureProblem({ cpu, signature }: MachO, file: Uint8Array): string | undefined {
  if (!signature) return cpu === Cpu.arm64 ? "it has no signature" : undefined;
  if (signature.offset % 16 !== 0) return "its signature is not aligned";
  const code = codeDirectoryOf(file.subarray(signature.offset));
  if (typeof code === "string") return code;
  if ((code.flags & CodeFlag.adhoc) === 0) return "its signature is not ad-hoc";
  if (code.identifier === "") return "its signature has no identifier";
  if (code.limit !== signature.offset) return "its signature does not cover the file up to the signature";
  if (code.hashes.length !== Math.ceil(code.limit / code.pageBytes)) return "its signature lacks hashes of pages";
  const bad = code.hashes.findIndex((hash, page) => {
    const contents = file.subarray(page * code.pageBytes, Math.min((page + 1) * code.pageBytes, code.limit));
    return createHash("sha256").update(contents).digest().compare(hash) !== 0;
  });
  return bad < 0 ? undefined : `page ${bad} differs from its hash in the signature`;
}
