import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import { NativeDirectories } from "../../../src/files/native/directories.ts";
import { type FileCalls, openFileCalls } from "../../../src/native/file/calls.ts";
import { Errno } from "../../../src/native/libc/errno.ts";
import { openDescriptors } from "../../../src/native/process/descriptors.ts";
import { isNativeHere, TempDirectory } from "../file_engines.ts";

const CALLS = isNativeHere ? openFileCalls() : undefined;

/** Calls of openat(2) of which one fails with EMFILE. */
function failingAt(failing: number): { calls: FileCalls; hasFailed: () => boolean } {
  let count = 0;
  let isLast = false;
  const calls: FileCalls = {
    ...CALLS!,
    openat(...values) {
      isLast = count++ === failing;
      return isLast ? -1 : CALLS!.openat(...values);
    },
    errno: () => isLast ? Errno.EMFILE : CALLS!.errno(),
  };
  return { calls, hasFailed: () => count > failing };
}

/** Opens a directory below `to`, whose source is `from`. Returns "open", or the message of the failure. */
function open(temp: TempDirectory, path: string, calls: FileCalls): string {
  const { dev, ino } = Deno.statSync(temp.at("from"));
  const root = { path: temp.at("to"), source: { dev, inode: ino! } };
  const dirlinks = new SharedArrayBuffer(1 << 10);
  const directories = new NativeDirectories(calls, () => root, { openat2: true, dirlinks });
  try {
    directories.open(0, path, { create: true });
    return "open";
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.message.replaceAll(temp.path, "");
  } finally {
    directories.close();
  }
}

describe("a link to a directory in the target, native", { ignore: !isNativeHere }, () => {
  it("names the error of the system if it cannot be followed, and leaves nothing open", () => {
    using temp = new TempDirectory();
    temp.directory("to");
    temp.directory("from");
    temp.directory("out/sub");
    Deno.symlinkSync(temp.at("through"), temp.at("to/link"));
    Deno.symlinkSync("out/sub", temp.at("through"));
    Deno.symlinkSync(".", temp.at("to/self"));
    Deno.symlinkSync("/", temp.at("to/top"));
    for (const link of ["link", "self", "top"]) {
      assertEquals(open(temp, link, CALLS!), "open");
      // The first call opens the root.
      for (let failing = 1;; failing++) {
        const before = openDescriptors().length;
        const { calls, hasFailed } = failingAt(failing);
        const result = open(temp, link, calls);
        assertEquals(openDescriptors().length, before, `call ${failing}`);
        if (!hasFailed()) break;
        assertEquals(result, `Cannot create "/to/${link}": Too many open files`, `call ${failing}`);
      }
    }
  });
});
