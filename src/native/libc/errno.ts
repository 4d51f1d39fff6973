/** Numbers, names and texts of system errors (errno(3)). The texts are from strerror(3) in the C locale. */

import { openLibc } from "./libc.ts";

type ErrnoTable = Record<string, readonly [number: number, text: string]>;

/** Errors with the same number on Linux and macOS. */
const COMMON = {
  EPERM: [1, "Operation not permitted"],
  ENOENT: [2, "No such file or directory"],
  ESRCH: [3, "No such process"],
  EINTR: [4, "Interrupted system call"],
  EIO: [5, "Input/output error"],
  ENXIO: [6, "No such device or address"],
  E2BIG: [7, "Argument list too long"],
  EBADF: [9, "Bad file descriptor"],
  ENOMEM: [12, "Cannot allocate memory"],
  EACCES: [13, "Permission denied"],
  EFAULT: [14, "Bad address"],
  EBUSY: [16, "Device or resource busy"],
  EEXIST: [17, "File exists"],
  EXDEV: [18, "Invalid cross-device link"],
  ENODEV: [19, "No such device"],
  ENOTDIR: [20, "Not a directory"],
  EISDIR: [21, "Is a directory"],
  EINVAL: [22, "Invalid argument"],
  ENFILE: [23, "Too many open files in system"],
  EMFILE: [24, "Too many open files"],
  ETXTBSY: [26, "Text file busy"],
  EFBIG: [27, "File too large"],
  ENOSPC: [28, "No space left on device"],
  ESPIPE: [29, "Illegal seek"],
  EROFS: [30, "Read-only file system"],
  EMLINK: [31, "Too many links"],
  EPIPE: [32, "Broken pipe"],
} as const satisfies ErrnoTable;

const LINUX = {
  EAGAIN: [11, "Resource temporarily unavailable"],
  ERANGE: [34, "Numerical result out of range"],
  ENAMETOOLONG: [36, "File name too long"],
  ENOSYS: [38, "Function not implemented"],
  ENOTEMPTY: [39, "Directory not empty"],
  ELOOP: [40, "Too many levels of symbolic links"],
  ENODATA: [61, "No data available"],
  EOVERFLOW: [75, "Value too large for defined data type"],
  EILSEQ: [84, "Invalid or incomplete multibyte or wide character"],
  EOPNOTSUPP: [95, "Operation not supported"],
  EADDRINUSE: [98, "Address already in use"],
  ECONNABORTED: [103, "Software caused connection abort"],
  ECONNRESET: [104, "Connection reset by peer"],
  ETIMEDOUT: [110, "Connection timed out"],
  ECONNREFUSED: [111, "Connection refused"],
  ESTALE: [116, "Stale file handle"],
  EDQUOT: [122, "Disk quota exceeded"],
} as const satisfies ErrnoTable;

const DARWIN = {
  ERANGE: [34, "Result too large"],
  EAGAIN: [35, "Resource temporarily unavailable"],
  EOPNOTSUPP: [45, "Operation not supported"],
  ECONNRESET: [54, "Connection reset by peer"],
  ETIMEDOUT: [60, "Operation timed out"],
  ELOOP: [62, "Too many levels of symbolic links"],
  ENAMETOOLONG: [63, "File name too long"],
  ENOTEMPTY: [66, "Directory not empty"],
  EDQUOT: [69, "Disk quota exceeded"],
  ESTALE: [70, "Stale NFS file handle"],
  ENOSYS: [78, "Function not implemented"],
} as const satisfies ErrnoTable;

type LinuxTable = typeof COMMON & typeof LINUX;

/** Error numbers of Linux by name, for the native calls. */
export const Errno = Object.fromEntries(
  Object.entries({ ...COMMON, ...LINUX }).map(([name, [number]]) => [name, number]),
) as { readonly [Name in keyof LinuxTable]: LinuxTable[Name][0] };

/** Errors of this system by name. */
const BY_NAME = new Map<string, readonly [number: number, text: string]>(
  Object.entries({ ...COMMON, ...(Deno.build.os === "darwin" ? DARWIN : LINUX) }),
);
/** Names of the errors of this system. */
const NAMES = new Map(Array.from(BY_NAME, ([name, [number]]) => [number, name]));

/** Returns the name of an error number, such as "ENOSPC"; "E<number>" for an unknown number. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `E${errno}`;
}

/** Returns the text of strerror(3) for an error number; "Error <number>" for an unknown number. */
export function errnoText(errno: number): string {
  return errnoTextOf(errnoName(errno)) ?? `Error ${errno}`;
}

/** Returns the text of strerror(3) for an error name such as "ENOSPC"; undefined for an unknown name. */
export function errnoTextOf(name: string): string | undefined {
  return BY_NAME.get(name)?.[1];
}

/** Error of a system call that failed. */
export class SystemCallError extends Error {
  override readonly name = "SystemCallError";
  readonly errno: number;
  /** Name of the error number, such as "ENOSPC". */
  readonly code: string;

  constructor(errno: number) {
    super(errnoText(errno));
    this.errno = errno;
    this.code = errnoName(errno);
  }
}

/**
 * Returns a function that reads errno of this thread. Its result is valid only directly after a synchronous foreign call.
 * A nonblocking call runs on another thread, whose errno is lost.
 *
 * @throws {Error} If libc cannot be opened, or FFI is not permitted.
 */
export function openErrno(): () => number {
  const location = Deno.build.os === "darwin" ? "__error" : "__errno_location";
  const library = openLibc({ location: { name: location, parameters: [], result: "pointer" } });
  const pointer = library.symbols.location();
  if (pointer === null) throw new Error("Cannot find errno of this thread");
  const view = new Deno.UnsafePointerView(pointer);
  return () => view.getInt32();
}
