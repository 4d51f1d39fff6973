/** Extended attributes and access control lists of test files. Uses its own calls, so that escp does not check itself. */

const SYMBOLS = {
  lsetxattr: { parameters: ["buffer", "buffer", "buffer", "usize", "i32"], result: "i32" },
  lgetxattr: { parameters: ["buffer", "buffer", "buffer", "usize"], result: "i32" },
  llistxattr: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const libc = Deno.build.os === "linux" ? Deno.dlopen("libc.so.6", SYMBOLS).symbols : undefined;
const cString = (text: string) => new TextEncoder().encode(text + "\0");

/** Sets an attribute, of a symbolic link itself too. Returns whether that was possible. */
export function setXattr(path: string, name: string, value: string | Uint8Array<ArrayBuffer>): boolean {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return libc?.lsetxattr(cString(path), cString(name), bytes, BigInt(bytes.length), 0) === 0;
}

/** Returns all attributes with values as Latin-1, sorted by name, except the labels that security modules set. */
export function xattrsOf(path: string): Record<string, string> {
  const list = new Uint8Array(1 << 16);
  const length = libc!.llistxattr(cString(path), list, BigInt(list.length));
  if (length < 0) throw new Error(`Cannot list the extended attributes of ${path}`);
  const names = new TextDecoder().decode(list.subarray(0, length)).split("\0").filter((name) => name !== "");
  const latin1 = new TextDecoder("latin1");
  return Object.fromEntries(
    names.filter((name) => !/^security\.(selinux|apparmor|SMACK64)/.test(name)).sort().map((name) => {
      const value = new Uint8Array(1 << 16);
      const size = libc!.lgetxattr(cString(path), cString(name), value, BigInt(value.length));
      return [name, latin1.decode(value.subarray(0, size))];
    }),
  );
}

/** Encodes an access control list like the system (acl(5)). Entries: tag, permissions, user or group. */
export function encodeAccessList(entries: readonly (readonly [number, number, number])[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(4 + 8 * entries.length));
  view.setUint32(0, 2, true);
  entries.forEach(([tag, permissions, id], index) => {
    view.setUint16(4 + 8 * index, tag, true);
    view.setUint16(6 + 8 * index, permissions, true);
    view.setUint32(8 + 8 * index, id, true);
  });
  return new Uint8Array(view.buffer);
}

/** User or group of an entry that names none. */
export const NOBODY = 0xffffffff;

/** Returns an access control list (acl(5)) that lets another user read: owner rw, that user r, group r, mask rw. */
export function accessList(user: number): Uint8Array<ArrayBuffer> {
  return encodeAccessList([[1, 6, NOBODY], [2, 4, user], [4, 4, NOBODY], [16, 6, NOBODY], [32, 0, NOBODY]]);
}

/** Reason why attributes and lists cannot be tested in this directory; undefined if they can. */
export function xattrsProblem(directory: string): string | undefined {
  if (!libc) return "only on Linux";
  const path = `${directory}/escp-xattr-test-${crypto.randomUUID()}`;
  Deno.writeTextFileSync(path, "");
  try {
    const done = setXattr(path, "user.test", "x") && setXattr(path, "system.posix_acl_access", accessList(1));
    return done ? undefined : "the file system of the tests has no extended attributes";
  } finally {
    Deno.removeSync(path);
  }
}
