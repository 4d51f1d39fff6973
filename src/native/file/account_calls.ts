/**
 * Looks up users and groups by getpwuid_r(3) and its relatives, which include those of a directory service. A directory
 * service may take seconds, so each call runs on a thread of the runtime's pool.
 */

import { Errno, SystemCallError } from "../libc/errno.ts";
import { ForeignMemoryPool } from "../libc/foreign_memory_pool.ts";
import { openLibc } from "../libc/libc.ts";

const BY_ID = { parameters: ["u32", "usize", "usize", "usize", "usize"], result: "i32", nonblocking: true } as const;
const BY_NAME = { ...BY_ID, parameters: ["usize", "usize", "usize", "usize", "usize"] } as const;
const SYMBOLS = { getpwuid_r: BY_ID, getgrgid_r: BY_ID, getpwnam_r: BY_NAME, getgrnam_r: BY_NAME } as const;

/** Offset of pw_uid and gr_gid in struct passwd and struct group of 64-bit systems: after two pointers. */
const ID_OFFSET = 16;
/** Offsets in a block of memory: the pointer to the entry that was found, the entry, the name to find, texts of the entry. */
const Offset = { found: 0, entry: 8, name: 136, text: 512 } as const;
const MIN_BLOCK_BYTES = 4 << 10;
/** A group with many members needs much memory, because the members are texts too. */
const MAX_BLOCK_BYTES = 16 << 20;
/** Maximum length of a name to find, with NUL. More than any system has. */
const MAX_NAME_BYTES = Offset.text - Offset.name;

/** Errors by which some systems say that there is no such account (getpwnam_r(3)). */
const NO_SUCH_ACCOUNT: ReadonlySet<number> = new Set([0, Errno.ENOENT, Errno.ESRCH, Errno.EBADF, Errno.EPERM]);

/** Kinds of accounts. */
export type AccountKind = "user" | "group";

/** Names and numbers of users and groups. Look-ups reject with a `SystemCallError` if a directory service fails. */
export interface Accounts {
  /** Resolves to the name of a user or group; undefined if there is none. */
  nameOf(kind: AccountKind, id: number): Promise<string | undefined>;
  /** Resolves to the number of a user or group; undefined if there is none of this name. */
  idOf(kind: AccountKind, name: string): Promise<number | undefined>;
}

/** Arguments that all calls have: the entry to fill, its texts, their size, and the pointer to set. */
type Place = [entry: bigint, text: bigint, textBytes: bigint, found: bigint];

/** Opens the accounts of this system. @throws {Error} if FFI is not permitted, or the system has no such calls. */
export function openAccounts(): Accounts {
  const { symbols } = openLibc(SYMBOLS);
  return {
    nameOf(kind, id) {
      const call = kind === "user" ? symbols.getpwuid_r : symbols.getgrgid_r;
      return lookUp("", (_, ...place) => call(id, ...place), (entry) => {
        const name = Deno.UnsafePointer.create(entry.getBigUint64(0, true));
        return name ? new Deno.UnsafePointerView(name).getCString() : undefined;
      });
    },
    idOf(kind, name) {
      const call = kind === "user" ? symbols.getpwnam_r : symbols.getgrnam_r;
      return lookUp(name, call, (entry) => entry.getUint32(ID_OFFSET, true));
    },
  };
}

/** Blocks of each size that was needed. */
const pools = new Map<number, ForeignMemoryPool>();
/** Size of the last block that was large enough. */
let blockBytes = MIN_BLOCK_BYTES;

/**
 * Returns what `read` finds in the entry; undefined if there is none.
 *
 * @param name to find; empty if the call needs none.
 * @throws {SystemCallError} if nobody knows whether there is one, for example because a server does not answer.
 */
async function lookUp<Result>(
  name: string,
  call: (name: bigint, ...place: Place) => Promise<number>,
  read: (entry: DataView) => Result,
): Promise<Result | undefined> {
  const encoded = new TextEncoder().encode(`${name}\0`);
  if (encoded.length > MAX_NAME_BYTES) return undefined;
  for (;;) {
    const bytes = blockBytes;
    const pool = pools.get(bytes) ?? new ForeignMemoryPool(bytes);
    pools.set(bytes, pool);
    const { errno, result } = await pool.use(async ({ pointer, memory }) => {
      const at = BigInt(Deno.UnsafePointer.value(pointer));
      const view = new DataView(memory);
      view.setBigUint64(Offset.found, 0n, true);
      new Uint8Array(memory).set(encoded, Offset.name);
      const [entry, text] = [at + BigInt(Offset.entry), at + BigInt(Offset.text)];
      const errno = await call(at + BigInt(Offset.name), entry, text, BigInt(bytes - Offset.text), at);
      if (view.getBigUint64(Offset.found, true) === 0n) return { errno };
      return { errno, result: read(new DataView(memory, Offset.entry)) };
    });
    if (errno === Errno.ERANGE && bytes < MAX_BLOCK_BYTES) blockBytes = Math.max(blockBytes, bytes * 2);
    else if (result !== undefined || NO_SUCH_ACCOUNT.has(errno)) return result;
    else if (errno !== Errno.EINTR) throw new SystemCallError(errno);
  }
}
