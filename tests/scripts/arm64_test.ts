import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { chooseVersion } from "../../scripts/arm64/machine.ts";
import { SUITES } from "../../scripts/arm64/suites.ts";
import { exists } from "@std/fs/exists";

const ROOT = new URL("../../", import.meta.url);

describe("what runs as on ARM64", () => {
  it("has the Deno of this version, or the nearest there is", () => {
    const versions = ["2.3.7", "2.7.7", "2.9.4", "2.9.5"];
    assertEquals(chooseVersion("2.9.4", versions), "2.9.4");
    assertEquals(chooseVersion("2.9.6", versions), "2.9.5");
    assertEquals(chooseVersion("2.5.7", versions), "2.9.5");
  });

  it("is there, and not all of a directory is left out", async () => {
    for (const { path, without = {} } of SUITES) {
      const tests = Array.from(Deno.readDirSync(new URL(path, ROOT)), ({ name }) => path + name)
        .filter((file) => file.endsWith("_test.ts") && !(file in without));
      assert(tests.length > 0, path);
      for (const file of [path, ...Object.keys(without)]) assertEquals(await exists(new URL(file, ROOT)), true, file);
    }
  });
});
