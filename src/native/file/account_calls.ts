/** Looks up users and groups by getpwuid_r(3) and its relatives, which include those of a directory service. */

import { Errno } from "../libc/errno.ts";
import { openLibc } from "../libc/libc.ts";

const BY_ID = { parameters: ["u32", "buffer", "buffer", "usize", "buffer"], result: "i32" } as const;
const BY_NAME = { parameters: ["buffer", "buffer", "buffer", "usize", "buffer"], result: "i32" } as const;
const SYMBOLS = { getpwuid_r: BY_ID, getgrgid_r: BY_ID, getpwnam_r: BY_NAME, getgrnam_r: BY_NAME } as const;

/** Offset of pw_uid and gr_gid in struct passwd and struct group of 64-bit systems: after two pointers. */
const ID_OFFSET = 16;
/** More than struct passwd and struct group have on Linux and macOS. */
const ENTRY_BYTES = 128;
const MIN_TEXT_BYTES = 4 << 10;
/** A group with many members needs much memory, because the members are texts too. */
const MAX_TEXT_BYTES = 16 << 20;

/** Kinds of accounts. */
export type AccountKind = "user" | "group";

/** Names and numbers of users and groups. */
export interface Accounts {
  /** Returns the name of a user or group; undefined if there is none. */
  nameOf(kind: AccountKind, id: number): string | undefined;
  /** Returns the number of a user or group; undefined if there is none of this name. */
  idOf(kind: AccountKind, name: string): number | undefined;
}

type Call = (entry: DataView<ArrayBuffer>, text: Uint8Array<ArrayBuffer>, found: DataView<ArrayBuffer>) => number;

/** Opens the accounts of this system. @throws {Error} if FFI is not permitted, or the system has no such calls. */
export function openAccounts(): Accounts {
  const { symbols } = openLibc(SYMBOLS);
  return {
    nameOf(kind, id) {
      const call = kind === "user" ? symbols.getpwuid_r : symbols.getgrgid_r;
      const entry = lookUp((into, text, found) => call(id, into, text, BigInt(text.length), found));
      const name = entry && Deno.UnsafePointer.create(entry.getBigUint64(0, true));
      return name ? new Deno.UnsafePointerView(name).getCString() : undefined;
    },
    idOf(kind, name) {
      const call = kind === "user" ? symbols.getpwnam_r : symbols.getgrnam_r;
      const bytes = new TextEncoder().encode(name + "\0");
      return lookUp((into, text, found) => call(bytes, into, text, BigInt(text.length), found))
        ?.getUint32(ID_OFFSET, true);
    },
  };
}

/** Texts of the entry that was found last, to which the entry points. */
let lastText = new Uint8Array(MIN_TEXT_BYTES);

/** Returns the entry that a call finds, valid until the next call; undefined if there is none, or it cannot be read. */
function lookUp(call: Call): DataView<ArrayBuffer> | undefined {
  const entry = new DataView(new ArrayBuffer(ENTRY_BYTES));
  const found = new DataView(new ArrayBuffer(8));
  for (;;) {
    const errno = call(entry, lastText, found);
    if (errno === Errno.EINTR) continue;
    if (errno !== Errno.ERANGE || lastText.length >= MAX_TEXT_BYTES) break;
    lastText = new Uint8Array(lastText.length * 2);
  }
  return found.getBigUint64(0, true) === 0n ? undefined : entry;
}
