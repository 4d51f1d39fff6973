import { assert, assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { fileVersion } from "../../../src/files/stat/file_change.ts";

it("fileVersion differs after each change of inode or ctime", () => {
  const versions = new Set<number>();
  for (const inode of [0, 1, 2, 2 ** 31, 2 ** 32, 2 ** 33 + 1, 2 ** 53, 2 ** 60 + 2 ** 40]) {
    for (const ctime of [-1, 0, 1, 1_700_000_000, 2 ** 32 - 2]) {
      for (const ctimeNs of [0, 1, 999_999_999]) versions.add(fileVersion({ inode, ctime, ctimeNs }));
    }
  }
  assertEquals(versions.size, 8 * 5 * 3);
  for (const version of versions) assert(Number.isSafeInteger(version) && version >= 0, `${version}`);
});
