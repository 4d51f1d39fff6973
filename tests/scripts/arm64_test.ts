import { assert, assertEquals } from "@std/assert";
import { exists } from "@std/fs/exists";
import { describe, it } from "@std/testing/bdd";
import { fromFileUrl } from "@std/path";
import { chooseVersion } from "../../scripts/arm64/machine.ts";
import { IMPOSSIBLE, SUITES } from "../../scripts/arm64/suites.ts";
import { walkFiles } from "../../scripts/walk_files.ts";

const ROOT = new URL("../../", import.meta.url);

describe("the emulation of ARM64", () => {
  it("excludes only cases that exist", async () => {
    const texts: string[] = [];
    for (const { path } of SUITES) {
      for await (const file of walkFiles(fromFileUrl(new URL(path, ROOT)), { match: /_test\.ts$/ })) {
        texts.push(await Deno.readTextFile(file.path));
      }
    }
    const names = Object.keys(IMPOSSIBLE).map((name) => name.split(" > ").at(-1)!);
    // Names with numbers come from templates.
    const missing = names.filter((name) => !/\d/.test(name) && !texts.some((text) => text.includes(`"${name}"`)));
    assertEquals(missing, []);
  });

  it("selects the same version of Deno, or the nearest one", () => {
    const versions = ["2.3.7", "2.7.7", "2.9.4", "2.9.5"];
    assertEquals(chooseVersion("2.9.4", versions), "2.9.4");
    assertEquals(chooseVersion("2.9.6", versions), "2.9.5");
    assertEquals(chooseVersion("2.5.7", versions), "2.9.5");
  });

  it("runs at least one file of each suite", async () => {
    for (const { path, without = {} } of SUITES) {
      const tests = Array.from(Deno.readDirSync(new URL(path, ROOT)), ({ name }) => path + name)
        .filter((file) => file.endsWith("_test.ts") && !(file in without));
      assert(tests.length > 0, path);
      for (const file of [path, ...Object.keys(without)]) assertEquals(await exists(new URL(file, ROOT)), true, file);
    }
  });
});
