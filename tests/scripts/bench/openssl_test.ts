import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { findLibcrypto } from "../../../scripts/bench/openssl.ts";
import { createTempDirectory } from "../../support/files/temp.ts";

describe("findLibcrypto", () => {
  it("finds the newest library in a directory, or in its lib", async () => {
    await using directory = await createTempDirectory();
    const root = await Deno.realPath(directory.path);
    await Deno.mkdir(`${root}/lib`);
    for (const name of ["libcrypto.so.1.1", "lib/libcrypto.so.3", "libcrypto.so.4"]) {
      await Deno.writeTextFile(`${root}/${name}`, "");
      assertEquals(await findLibcrypto(root), `${root}/${name}`);
    }
  });

  it("refuses a directory without a library", async () => {
    await using directory = await createTempDirectory();
    for (const path of [directory.path, "/nowhere"]) {
      await assertRejects(() => findLibcrypto(path), Error, `Cannot find a libcrypto in ${path}: `);
    }
  });
});
