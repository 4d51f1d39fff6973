import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { NativeTargetDirectory } from "../../../src/files/native/target/directory.ts";
import { NativeStaging } from "../../../src/files/native/target/staging.ts";
import { createdLinks } from "../../../src/files/target/created_links.ts";
import { type FileCalls, openFileCalls } from "../../../src/native/file/calls.ts";
import { Errno, SystemCallError } from "../../../src/native/libc/errno.ts";
import { openDescriptors } from "../../../src/native/process/descriptors.ts";
import { isNativeHere, TempDirectory } from "../file_engines.ts";

/** Returns calls of which statx(2) fails with EIO if `isFailing` returns true. */
function failingCalls(isFailing: () => boolean): FileCalls {
  const calls = openFileCalls();
  let hasFailed = false;
  return {
    ...calls,
    statx(...values) {
      hasFailed = isFailing();
      return hasFailed ? -1 : calls.statx(...values);
    },
    errno: () => hasFailed ? Errno.EIO : calls.errno(),
  };
}

describe("NativeStaging", { ignore: !isNativeHere }, () => {
  for (const mode of [0o755, 0o777]) {
    it(`leaves nothing of a link that cannot be examined, in a directory with mode ${mode.toString(8)}`, () => {
      using temp = new TempDirectory();
      const path = temp.directory("target");
      Deno.chmodSync(path, mode);
      const options = { preserve: false, umask: 0o022, token: "test", dirlinks: createdLinks() };
      // In a shared directory the first statx(2) finds out whether another user has replaced the link.
      const readsBefore = mode === 0o777 ? 1 : 0;
      let reads = -1;
      const calls = failingCalls(() => reads >= 0 && reads++ === readsBefore);
      const directory = new NativeTargetDirectory(
        calls,
        { roots: [{ kind: "folder", path, created: false }], options },
        {
          openat2: true,
        },
      );
      directory.enter(0, "", { create: false });
      assertEquals(directory.isShared, mode === 0o777);
      const staging = new NativeStaging(directory);
      const before = openDescriptors().length;
      reads = 0;
      const name = directory.nameOf("link");
      assertThrows(() => staging.createSymlink(name, new TextEncoder().encode("to")), SystemCallError);
      assertEquals([openDescriptors().length, temp.list("target")], [before, []]);
      directory.close();
    });
  }
});
