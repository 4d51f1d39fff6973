/** Attributes of files that chattr(1) sets: the flags of an inode. Linux. */

import { openLibc } from "../libc/libc.ts";
import { AT_FDCWD, openFileCalls } from "./calls.ts";
import { PinnedBuffer } from "./pinned_buffer.ts";
import { encodeName } from "../../protocol/names.ts";

const SYMBOLS = { ioctl: { parameters: ["i32", "usize", "usize"], result: "i32" } } as const;

/** FS_IOC_GETFLAGS of ioctl_iflags(2), on systems with 64-bit numbers. */
const GET_FLAGS = 0x80086601;
const IMMUTABLE = 0x10;
const APPEND_ONLY = 0x20;

let ioctl: ((...values: number[]) => number) | undefined;

/** Returns the flag that forbids changes of a file or directory; undefined if it has none, or this is unknown. */
export function forbiddingFlag(path: string): "immutable" | "append-only" | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const { isFile, isDirectory } = Deno.lstatSync(path);
    if (!isFile && !isDirectory) return undefined;
    ioctl ??= openLibc(SYMBOLS).symbols.ioctl as unknown as typeof ioctl;
    const calls = openFileCalls();
    const name = encodeName(path);
    const buffer = new PinnedBuffer(Math.max(8, name.length + 1));
    const { read, nonBlock, noTty, noFollow, closeOnExec } = calls.flags;
    const flags = read | nonBlock | noTty | noFollow | closeOnExec;
    const descriptor = calls.openat(AT_FDCWD, buffer.putName(name), flags, 0);
    if (descriptor < 0) return undefined;
    const result = ioctl!(descriptor, GET_FLAGS, buffer.address);
    calls.close(descriptor);
    if (result !== 0) return undefined;
    const found = buffer.view.getUint32(0, true);
    return (found & IMMUTABLE) !== 0 ? "immutable" : (found & APPEND_ONLY) !== 0 ? "append-only" : undefined;
  } catch {
    // FFI is not permitted, or the file is unreachable.
    return undefined;
  }
}
