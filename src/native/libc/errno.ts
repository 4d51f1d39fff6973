/** Numbers, names and words of system errors (errno(3)); the words are those of strerror(3) in the C locale. */

import { openLibc } from "./libc.ts";

const COMMON: Record<number, readonly [name: string, text: string]> = {
  1: ["EPERM", "Operation not permitted"],
  2: ["ENOENT", "No such file or directory"],
  4: ["EINTR", "Interrupted system call"],
  5: ["EIO", "Input/output error"],
  6: ["ENXIO", "No such device or address"],
  7: ["E2BIG", "Argument list too long"],
  9: ["EBADF", "Bad file descriptor"],
  12: ["ENOMEM", "Cannot allocate memory"],
  13: ["EACCES", "Permission denied"],
  14: ["EFAULT", "Bad address"],
  16: ["EBUSY", "Device or resource busy"],
  17: ["EEXIST", "File exists"],
  18: ["EXDEV", "Invalid cross-device link"],
  19: ["ENODEV", "No such device"],
  20: ["ENOTDIR", "Not a directory"],
  21: ["EISDIR", "Is a directory"],
  22: ["EINVAL", "Invalid argument"],
  23: ["ENFILE", "Too many open files in system"],
  24: ["EMFILE", "Too many open files"],
  26: ["ETXTBSY", "Text file busy"],
  27: ["EFBIG", "File too large"],
  28: ["ENOSPC", "No space left on device"],
  29: ["ESPIPE", "Illegal seek"],
  30: ["EROFS", "Read-only file system"],
  31: ["EMLINK", "Too many links"],
  32: ["EPIPE", "Broken pipe"],
};

const LINUX: Record<number, readonly [name: string, text: string]> = {
  11: ["EAGAIN", "Resource temporarily unavailable"],
  36: ["ENAMETOOLONG", "File name too long"],
  38: ["ENOSYS", "Function not implemented"],
  39: ["ENOTEMPTY", "Directory not empty"],
  40: ["ELOOP", "Too many levels of symbolic links"],
  61: ["ENODATA", "No data available"],
  75: ["EOVERFLOW", "Value too large for defined data type"],
  84: ["EILSEQ", "Invalid or incomplete multibyte or wide character"],
  95: ["EOPNOTSUPP", "Operation not supported"],
  98: ["EADDRINUSE", "Address already in use"],
  103: ["ECONNABORTED", "Software caused connection abort"],
  104: ["ECONNRESET", "Connection reset by peer"],
  110: ["ETIMEDOUT", "Connection timed out"],
  111: ["ECONNREFUSED", "Connection refused"],
  116: ["ESTALE", "Stale file handle"],
  122: ["EDQUOT", "Disk quota exceeded"],
};

const DARWIN: Record<number, readonly [name: string, text: string]> = {
  35: ["EAGAIN", "Resource temporarily unavailable"],
  45: ["EOPNOTSUPP", "Operation not supported"],
  54: ["ECONNRESET", "Connection reset by peer"],
  60: ["ETIMEDOUT", "Operation timed out"],
  62: ["ELOOP", "Too many levels of symbolic links"],
  63: ["ENAMETOOLONG", "File name too long"],
  66: ["ENOTEMPTY", "Directory not empty"],
  69: ["EDQUOT", "Disk quota exceeded"],
  70: ["ESTALE", "Stale NFS file handle"],
  78: ["ENOSYS", "Function not implemented"],
};

/** The name of an error number, such as "ENOSPC"; "E<number>" for one that is not listed. */
export function errnoName(errno: number): string {
  return entry(errno)?.[0] ?? `E${errno}`;
}

/** What strerror(3) says of an error number; "Error <number>" for one that is not listed. */
export function errnoText(errno: number): string {
  return entry(errno)?.[1] ?? `Error ${errno}`;
}

/** What strerror(3) says of an error name such as "ENOSPC", undefined for an unknown name. */
export function errnoTextOf(name: string): string | undefined {
  const system = Deno.build.os === "darwin" ? DARWIN : LINUX;
  for (const table of [COMMON, system]) {
    for (const [known, text] of Object.values(table)) if (known === name) return text;
  }
  return undefined;
}

function entry(errno: number): readonly [string, string] | undefined {
  return COMMON[errno] ?? (Deno.build.os === "darwin" ? DARWIN : LINUX)[errno];
}

/**
 * A function that reads errno of this thread. Only right after a synchronous foreign call: a nonblocking one runs on
 * another thread, and its errno is lost.
 */
export function openErrno(): () => number {
  const location = Deno.build.os === "darwin" ? "__error" : "__errno_location";
  const library = openLibc({ location: { name: location, parameters: [], result: "pointer" } });
  const pointer = library.symbols.location();
  if (pointer === null) throw new Error("Cannot find errno of this thread");
  const view = new Deno.UnsafePointerView(pointer);
  return () => view.getInt32();
}
