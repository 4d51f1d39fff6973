import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { listingScript, namesIn } from "../../src/ssh/remote_names.ts";
import { listNames } from "../support/files/list_names.ts";
import { createTempTree } from "../support/files/temp_tree.ts";

async function list(cwd: string, directory: string, prefix: string): Promise<string[] | undefined> {
  const child = new Deno.Command("sh", { cwd, env: { HOME: cwd }, stdin: "piped", stdout: "piped", stderr: "piped" })
    .spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(listingScript(directory, prefix, "MARK")));
  await writer.close();
  const { stdout, stderr } = await child.output();
  assertEquals(new TextDecoder().decode(stderr), "");
  const match = /\nMARK\n([^]*)\nMARK\n/.exec(new TextDecoder().decode(stdout));
  return match?.[1].split("\0").slice(0, -1).sort();
}

describe("listingScript", { ignore: Deno.build.os === "windows" }, () => {
  it("lists the names with a prefix; directories end in a slash", async () => {
    await using tree = await createTempTree({
      "a b": "",
      "a$(touch owned)'\"": "",
      "a\nb": "",
      "-n": "",
      "a*/x y": "",
      ".hidden": "",
      "link": { link: "nowhere" },
      "to": { link: "a*" },
    });
    assertEquals(
      await list(tree.path, "", ""),
      ["-n", "a\nb", "a b", "a$(touch owned)'\"", "a*/", "link", "to/"].sort(),
    );
    assertEquals(await list(tree.path, "", "."), [".hidden", "./", "../"].sort());
    assertEquals(await list(tree.path, "", "-"), ["-n"]);
    assertEquals(await list(tree.path, "", "a*"), ["a*/"]);
    assertEquals(await list(tree.path, "", "a$(touch owned)'"), ["a$(touch owned)'\""]);
    assertEquals(await list(tree.path, "a*/", "x"), ["x y"]);
    assertEquals(await list(tree.path, `${tree.path}/a*/`, ""), ["x y"]);
    assertEquals(await list(tree.path, "~/a*/", ""), ["x y"]);
    assertEquals(await list(tree.path, "", "z"), []);
  });

  it("runs no command that a directory or prefix contains", async () => {
    await using tree = await createTempTree({});
    for (const command of ["'; touch owned; '", "~$(touch owned)", "`touch owned`", "\n touch owned\n"]) {
      assertEquals(await list(tree.path, `${command}/`, ""), undefined, command);
      assertEquals(await list(tree.path, "", command), [], command);
      assertEquals(listNames(tree.path), [], command);
    }
  });
});

describe("namesIn", () => {
  const list = (...names: string[]) => new TextEncoder().encode(names.map((name) => `${name}\0`).join(""));

  it("sorts names, and omits those that are not after the prefix", () => {
    assertEquals(namesIn(list("ab", "aa/", "b", "ab"), "a"), ["aa/", "ab"]);
  });

  it("omits names that a terminal could interpret, and those that are not names", () => {
    const hostile = [
      "a\x1b[31m",
      "a\nb",
      "a\tb",
      "a\u009b",
      "a\u202eb",
      "a\u200bb",
      "a/b",
      "a//",
      "",
      "/",
      ".",
      "..",
      "../",
    ];
    assertEquals(namesIn(list(...hostile, "a ü"), ""), ["a ü"]);
    assertEquals(namesIn(new Uint8Array([0x61, 0xff, 0, 0x62, 0, 0x63]), ""), ["b"]);
  });
});
