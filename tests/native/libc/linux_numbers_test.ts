import { assertEquals, assertNotEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { AT_FDCWD, openFileCalls } from "../../../src/native/file/calls.ts";
import { PinnedBuffer } from "../../../src/native/file/pinned_buffer.ts";
import { Errno, errnoName } from "../../../src/native/libc/errno.ts";
import { type LinuxNumbers, linuxNumbers } from "../../../src/native/libc/linux_numbers.ts";

const CALLS: Record<Exclude<keyof LinuxNumbers, `O_${string}`>, string> = {
  statx: "statx",
  openat2: "openat2",
  getdents64: "getdents64",
  renameat2: "renameat2",
  copyFileRange: "copy_file_range",
  setMempolicy: "set_mempolicy",
};
/** The kernel's headers in Debian's linux-libc-dev. AArch64 uses the generic list. */
const HEADERS = {
  x86_64: "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
  aarch64: "/usr/include/asm-generic/unistd.h",
};

describe("linuxNumbers", () => {
  for (const [arch, header] of Object.entries(HEADERS)) {
    it(`returns the system calls of the kernel's headers on ${arch}`, { ignore: !isFile(header) }, () => {
      const text = Deno.readTextFileSync(header);
      const numbers = linuxNumbers({ os: "linux", arch })!;
      for (const [key, name] of Object.entries(CALLS)) {
        const found = new RegExp(`^#define __NR_${name}\\s+(\\d+)`, "m").exec(text);
        assertEquals(numbers[key as keyof typeof CALLS], Number(found?.[1]), name);
      }
    });
  }

  it("returns different flags of open(2) on x86-64 and AArch64", () => {
    const flags = (arch: string) => {
      const { O_DIRECTORY, O_NOFOLLOW, O_DIRECT } = linuxNumbers({ os: "linux", arch })!;
      return { O_DIRECTORY, O_NOFOLLOW, O_DIRECT };
    };
    // asm-generic/fcntl.h, and arch/arm64/include/uapi/asm/fcntl.h.
    assertEquals(flags("x86_64"), { O_DIRECTORY: 0o200000, O_NOFOLLOW: 0o400000, O_DIRECT: 0o40000 });
    assertEquals(flags("aarch64"), { O_DIRECTORY: 0o40000, O_NOFOLLOW: 0o100000, O_DIRECT: 0o200000 });
  });

  it("returns undefined for other processors and systems", () => {
    assertEquals(linuxNumbers({ os: "linux", arch: "riscv64" }), undefined);
    assertEquals(linuxNumbers({ os: "linux", arch: "constructor" }), undefined);
    assertEquals(linuxNumbers({ os: "darwin", arch: "aarch64" }), undefined);
    assertEquals(linuxNumbers({ os: "windows", arch: "x86_64" }), undefined);
  });

  it("returns numbers that have the expected effects on this machine", { ignore: !linuxNumbers() }, () => {
    const directory = Deno.makeTempDirSync();
    try {
      Deno.writeTextFileSync(`${directory}/file`, "");
      Deno.symlinkSync("file", `${directory}/link`);
      const calls = openFileCalls();
      const { directoryOnly, noFollow, create, exclusive, closeOnExec, path } = calls.flags;
      assertEquals(open(`${directory}/file`, directoryOnly | closeOnExec), "ENOTDIR");
      assertEquals(open(`${directory}/link`, noFollow | closeOnExec), "ELOOP");
      assertEquals(open(`${directory}/file`, create | exclusive), "EEXIST");
      for (const flags of [directoryOnly, directoryOnly | noFollow, path | directoryOnly | noFollow | closeOnExec]) {
        assertEquals(open(directory, flags), "open");
      }
      assertEquals(open(`${directory}/link`, path | noFollow), "open");
      const [from, to] = [new PinnedBuffer(4096), new PinnedBuffer(4096)];
      const rename = (one: string, other: string) =>
        calls.renameNew(AT_FDCWD, from.putName(encode(one)), AT_FDCWD, to.putName(encode(other)));
      assertEquals(rename(`${directory}/file`, `${directory}/link`), -1);
      assertNotEquals(calls.errno(), Errno.ENOSYS);
      rename(`${directory}/file`, `${directory}/new`);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
});

function open(path: string, flags: number): string {
  const calls = openFileCalls();
  const name = new PinnedBuffer(4096);
  const descriptor = calls.openat(AT_FDCWD, name.putName(encode(path)), flags, 0);
  if (descriptor < 0) return errnoName(calls.errno());
  calls.close(descriptor);
  return "open";
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
