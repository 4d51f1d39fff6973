import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { bundle } from "../../../scripts/bundle.ts";
import { stabilizeBundle, stableNames } from "../../../scripts/release/stable_bundle.ts";
import { walkFiles } from "../../../scripts/walk_files.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { ROOT } from "./sample_release.ts";

/** Bundles a clone. Returns the contents and modification time of each module. */
async function bundleOf(root: string): Promise<Map<string, string>> {
  await using directory = await createTempDirectory();
  await bundle(`${root}/`, directory.path);
  await stabilizeBundle(directory.path);
  const modules = new Map<string, string>();
  for await (const { path, below } of walkFiles(directory.path)) {
    const { mtime } = await Deno.stat(path);
    modules.set(below, `${mtime!.getTime()} ${await Deno.readTextFile(path)}`);
  }
  return modules;
}

describe("stabilizeBundle", () => {
  it("makes the bundles of two clones of one commit equal", async () => {
    await using other = await createTempDirectory();
    const copied = await new Deno.Command("cp", {
      args: ["-r", "main.ts", "deno.json", "deno.lock", "src", "scripts", other.path],
      cwd: ROOT,
    }).output();
    assertEquals(copied.success, true);
    const [first, second] = [await bundleOf(ROOT), await bundleOf(other.path)];
    assertEquals([...second.keys()].sort(), [...first.keys()].sort());
    for (const [name, module] of first) assertEquals(second.get(name), module, name);
  });
});

describe("stableNames", () => {
  it("depend on contents, and not on the old names", async () => {
    const names = async (hash: string) => {
      const texts = new Map([
        [`a-${hash}AAA.js`, "a"],
        [`b-${hash}BBB.js`, `import "./a-${hash}AAA.js"; "x-12345678.js"`],
        ["main.js", ""],
      ]);
      return [...(await stableNames(texts)).values()];
    };
    assertEquals(await names("12345"), await names("67890"));
  });

  it("refuses two modules with the same contents", async () => {
    const texts = new Map([["a-AAAAAAAA.js", "same"], ["a-BBBBBBBB.js", "same"]]);
    await assertRejects(() => stableNames(texts), Error, "another module has the same contents");
  });
});
