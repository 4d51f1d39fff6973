/** Extended attributes and access control lists of test files; calls of its own, so that the program is not its own judge. */

const SYMBOLS = {
  lsetxattr: { parameters: ["buffer", "buffer", "buffer", "usize", "i32"], result: "i32" },
  lgetxattr: { parameters: ["buffer", "buffer", "buffer", "usize"], result: "i32" },
  llistxattr: { parameters: ["buffer", "buffer", "usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const libc = Deno.build.os === "linux" ? Deno.dlopen("libc.so.6", SYMBOLS).symbols : undefined;
const cString = (text: string) => new TextEncoder().encode(text + "\0");

/** Sets one, of a symbolic link itself. Returns whether that was possible. */
export function setXattr(path: string, name: string, value: string | Uint8Array<ArrayBuffer>): boolean {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return libc?.lsetxattr(cString(path), cString(name), bytes, BigInt(bytes.length), 0) === 0;
}

/** All names with their values as Latin-1, sorted. Labels of security modules, which the system sets, are left out. */
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

/** Returns an access control list as the system keeps it (acl(5)). Entries: tag, permissions, user or group. */
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

/** The user or group of an entry that is for none by name. */
export const NOBODY = 0xffffffff;

/** An access control list (acl(5)) that lets one more user read: owner rw, that user r, group r, mask rw. */
export function accessList(user: number): Uint8Array<ArrayBuffer> {
  return encodeAccessList([[1, 6, NOBODY], [2, 4, user], [4, 4, NOBODY], [16, 6, NOBODY], [32, 0, NOBODY]]);
}

/** Why they cannot be tested in this directory; undefined when they can. */
export function xattrsProblem(directory: string): string | undefined {
  if (!libc) return "only Linux has them";
  const path = `${directory}/escp-xattr-test-${crypto.randomUUID()}`;
  Deno.writeTextFileSync(path, "");
  try {
    const done = setXattr(path, "user.test", "x") && setXattr(path, "system.posix_acl_access", accessList(1));
    return done ? undefined : "the file system of the tests has no extended attributes";
  } finally {
    Deno.removeSync(path);
  }
}
