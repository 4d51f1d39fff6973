/** Failures of file operations, with the same wording in both engines. */

import { FileError, messageOf, quotePath } from "../../errors.ts";
import { errnoName, errnoText, errnoTextOf, SystemCallError } from "../../native/libc/errno.ts";
import { FileKind, kindName } from "./file_stat.ts";

const HINTS: Record<string, string> = {
  ENOSPC: "Free some space, then run the same command again",
  EDQUOT: "Free some space or ask for a larger quota, then run the same command again",
  EIO: "The disk, or the connection to it, is faulty: see the kernel log (dmesg)",
  EACCES: "Check the permissions of the file and of the directories above it",
  EROFS: "The file system is mounted read-only: choose another target",
  EMFILE: "Raise the limit of open files (ulimit -n)",
  ENAMETOOLONG: "The file system of the target allows only shorter names",
};

/** Codes of failures that no system call reports. */
export const FileCode = {
  /** The file has grown beyond its buffer. */
  grew: "EGREW",
  /** The name is not UTF-8, and this engine supports only UTF-8. */
  notText: "EILSEQ",
  /** Not a regular file and not a directory. */
  special: "ESPECIAL",
} as const;

/** Returns the failure for an error number. */
export function failedCall(operation: string, path: string, errno: number): FileError {
  const code = errnoName(errno);
  return new FileError(operation, path, errnoText(errno), { code, hint: HINTS[code] });
}

/** Returns the failure for the name of an error, such as "EISDIR", with the text of strerror(3). */
export function failedWith(operation: string, path: string, code: string): FileError {
  return new FileError(operation, path, errnoTextOf(code) ?? code, { code, hint: HINTS[code] });
}

/** Returns the failure for an error of `Deno.*` or of a system call. A `FileError` is returned as it is. */
export function failedDeno(operation: string, path: string, error: unknown): FileError {
  if (error instanceof FileError) return error;
  if (error instanceof SystemCallError) return failedCall(operation, path, error.errno);
  const code = codeOf(error);
  return new FileError(operation, path, reasonOf(error), { code, hint: code && HINTS[code], cause: error });
}

/** As `failedDeno`, also for the failure of a step with an operation of its own. */
export function failedStep(operation: string, path: string, error: unknown): FileError {
  if (!(error instanceof FileError) || error.operation === operation) return failedDeno(operation, path, error);
  const reason = error.message.slice(`Cannot ${error.operation} ${quotePath(error.path)}: `.length);
  return new FileError(operation, path, reason, { code: error.code, hint: error.hint, cause: error });
}

/** Returns the reason of an error of the system in the words of strerror(3), or else its message. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  return (code && errnoTextOf(code)) ?? messageOf(error);
}

/** Calls an action on the path of an operand. A failure names the operand as the user has typed it. */
export function namingOperand<Result>(operand: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof FileError) || error.code === undefined) throw error;
    throw failedWith(error.operation, operand === "" ? "." : operand, error.code);
  }
}

const CODES: readonly (readonly [new (message: string) => Error, string])[] = [
  [Deno.errors.NotFound, "ENOENT"],
  [Deno.errors.AlreadyExists, "EEXIST"],
  [Deno.errors.PermissionDenied, "EACCES"],
  [Deno.errors.NotADirectory, "ENOTDIR"],
  [Deno.errors.IsADirectory, "EISDIR"],
  [Deno.errors.FilesystemLoop, "ELOOP"],
  [Deno.errors.Busy, "EBUSY"],
  [Deno.errors.BrokenPipe, "EPIPE"],
];

/** Returns the name of the system error that caused an error of `Deno.*`; undefined if there is none. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code === "string") return code;
  return CODES.find(([kind]) => error instanceof kind)?.[1] ?? codeInMessage(error);
}

/** Returns the name of an error without a class in Deno, such as EDQUOT, from its message. Windows has other numbers. */
function codeInMessage(error: unknown): string | undefined {
  const number = error instanceof Error && /\(os error (\d+)\)/.exec(error.message)?.[1];
  return number && Deno.build.os !== "windows" ? errnoName(Number(number)) : undefined;
}

/** Returns the failure of a path that is a symbolic link instead of a file or directory: it could point anywhere. */
export function unexpectedLink(path: string, operation = "create"): FileError {
  return new FileError(operation, path, "it is a symbolic link", {
    code: "ELOOP",
    hint: operation === "read"
      ? "Copy it again while its directory does not change"
      : "Remove the link, or name the directory that it points to as the target",
  });
}

/** Calls `action` for each item, also after failures. Returns the failures. @throws any error that is not a `FileError`. */
export function attemptEach<Item>(items: Iterable<Item>, action: (item: Item) => void): FileError[] {
  const failures: FileError[] = [];
  for (const item of items) {
    try {
      action(item);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      failures.push(error);
    }
  }
  return failures;
}

/** Returns the failure of a source that no longer fits into the buffer that it is read to. */
export function grownFile(path: string): FileError {
  return new FileError("read", path, "it has grown while it was copied", {
    code: FileCode.grew,
    hint: "Copy it again when nothing writes to it any more",
  });
}

/** Returns the failure of a source that has become shorter. */
export function shrunkFile(path: string, when: "after it was found" | "while it was read"): FileError {
  return new FileError("read", path, `it became shorter ${when}`, {
    code: "ECHANGED",
    hint: "Copy it again when nothing writes to it",
  });
}

/** Returns the failure of a source that was replaced by a directory or special file, which must not be opened. */
export function specialFile(path: string, kind: number): FileError {
  if (kind === FileKind.directory) return new FileError("read", path, "Is a directory", { code: "EISDIR" });
  return new FileError("read", path, `not a regular file: it is a ${kindName(kind)}`, { code: FileCode.special });
}
