/** Systems that escp is built for, and the formats of their executables. */

/** A system of a release. */
export interface Target {
  /** Value of `deno compile --target`. */
  triple: string;
  /** Name in file names, such as "linux-x64". */
  system: string;
  /** ".exe" on Windows. */
  extension: string;
  /** Returns whether the first 512 bytes are those of an executable for this system. */
  matches(head: Uint8Array): boolean;
}

/** ELF: e_machine is a 16-bit number at 18 (elf(5)). */
const elf = (machine: number) => (head: Uint8Array) =>
  head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46 && uint16(head, 18) === machine;

/** Mach-O of 64 bits: the type of processor is a 32-bit number at 4 (mach-o/loader.h). */
const machO = (cpu: number) => (head: Uint8Array) => uint32(head, 0) === 0xfeedfacf && uint32(head, 4) === cpu;

/** PE: the offset of the header is at 0x3c, the machine follows its signature (Microsoft's PE format). */
const pe = (machine: number) => (head: Uint8Array) => {
  const at = uint32(head, 0x3c);
  return head[0] === 0x4d && head[1] === 0x5a && at < 500 && uint32(head, at) === 0x4550 &&
    uint16(head, at + 4) === machine;
};

/** Every system of a release. */
export const TARGETS: readonly Target[] = [
  { triple: "x86_64-unknown-linux-gnu", system: "linux-x64", extension: "", matches: elf(62) },
  { triple: "aarch64-unknown-linux-gnu", system: "linux-arm64", extension: "", matches: elf(183) },
  { triple: "x86_64-apple-darwin", system: "macos-x64", extension: "", matches: machO(0x01000007) },
  { triple: "aarch64-apple-darwin", system: "macos-arm64", extension: "", matches: machO(0x0100000c) },
  { triple: "x86_64-pc-windows-msvc", system: "windows-x64", extension: ".exe", matches: pe(0x8664) },
];

function uint16(bytes: Uint8Array, at: number): number {
  return bytes[at] | bytes[at + 1] << 8;
}

function uint32(bytes: Uint8Array, at: number): number {
  return (uint16(bytes, at) | uint16(bytes, at + 2) << 16) >>> 0;
}
