import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { createTempTree } from "./temp_tree.ts";

describe("createTempTree", () => {
  it("makes every kind of entry", async () => {
    const mtime = new Date("2001-02-03T04:05:06Z");
    await using tree = await createTempTree({
      "a/b.txt": "text",
      "a/bytes": new Uint8Array([1, 2]),
      "random": { size: 10, mode: 0o600, mtime },
      "link": { link: "a/b.txt" },
      "hard": { hardLink: "random" },
      "sparse": { sparseSize: 1 << 20, pieces: { 4096: "data" } },
      "directory": { directory: true, mode: 0o750, mtime },
    });
    const at = (name: string) => `${tree.path}/${name}`;
    assertEquals(await Deno.readTextFile(at("a/b.txt")), "text");
    assertEquals(await Deno.readFile(at("a/bytes")), new Uint8Array([1, 2]));
    assertEquals((await Deno.stat(at("random"))).mtime, mtime);
    assertEquals((await Deno.stat(at("random"))).mode! & 0o777, 0o600);
    assertEquals(await Deno.readLink(at("link")), "a/b.txt");
    assertEquals((await Deno.stat(at("hard"))).nlink, 2);
    assertEquals((await Deno.stat(at("sparse"))).size, 1 << 20);
    assertEquals((await Deno.readFile(at("sparse"))).subarray(4096, 4100), new TextEncoder().encode("data"));
    assertEquals((await Deno.stat(at("directory"))).mode! & 0o777, 0o750);
    assertEquals((await Deno.stat(at("directory"))).mtime, mtime);
  });

  it("sets the time of a directory after writing its files", async () => {
    const mtime = new Date(0);
    await using tree = await createTempTree({
      "directory": { directory: true, mtime },
      "directory/file": { content: "", mtime },
    });
    assertEquals((await Deno.stat(`${tree.path}/directory`)).mtime, mtime);
  });

  it("removes directories without permissions", async () => {
    let path = "";
    {
      await using tree = await createTempTree({ "closed": { directory: true, mode: 0 }, "closed/in/file": "x" });
      path = tree.path;
      assert((await Deno.stat(`${path}/closed`)).isDirectory);
    }
    await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
  });
});
