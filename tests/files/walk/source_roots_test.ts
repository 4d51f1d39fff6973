import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { resolveSources, sourceName } from "../../../src/files/walk/source_roots.ts";
import { expandTilde } from "../../../src/files/path/tilde.ts";
import { ENGINES, rawShell, TempDirectory } from "../file_engines.ts";

for (const { title, make } of ENGINES) {
  describe(`source roots, ${title}`, () => {
    const { paths } = make();
    const resolve = (temp: TempDirectory, operands: string[], recursive = true) =>
      resolveSources(operands, { base: temp.path, tilde: true, recursive }, paths);

    it("finds files and directories, also through links", () => {
      using temp = new TempDirectory();
      temp.directory("d/e");
      temp.write("f", "abc");
      Deno.symlinkSync("f", temp.at("l"));
      const { roots, failures } = resolve(temp, ["f", "d", "d/", "d/.", "d/e/..", "l", temp.at("f")]);
      assertEquals(failures, []);
      assertEquals(roots.map((it) => it.name), ["f", "d", "d", ".", ".", "l", "f"]);
      assertEquals(roots.map((it) => it.kind).slice(0, 2), ["file", "folder"]);
      assertEquals(roots[5].identity, roots[0].identity);
      assertEquals(roots.map((it) => it.size), [3, 0, 0, 0, 0, 3, 3]);
    });

    it("copies the contents of a home directory, and leaves other tildes unchanged", () => {
      using temp = new TempDirectory();
      temp.write("~");
      temp.write("~no-such-user");
      const { roots } = resolve(temp, ["", "~", "~/", "~no-such-user"]);
      assertEquals(roots.map((it) => it.name), [".", ".", ".", "~no-such-user"]);
      const local = resolveSources(["~"], { base: temp.path, tilde: false, recursive: true }, paths);
      assertEquals(local.roots.map((it) => it.name), ["~"]);
    });

    it("reports failed operands in the words of scp, and returns the others", () => {
      using temp = new TempDirectory();
      temp.directory("d");
      temp.write("f");
      rawShell("mkfifo pipe", temp.path);
      const { roots, failures } = resolve(temp, ["d", "pipe", "none", "f/x", "f"], false);
      assertEquals(roots.map((it) => it.name), ["f"]);
      assertEquals(failures.map((it) => it.message), [
        'Cannot read "d": not a regular file',
        'Cannot read "pipe": not a regular file: it is a FIFO',
        'Cannot read "none": No such file or directory',
        'Cannot examine "f/x": Not a directory',
      ]);
    });
  });
}

describe("source names", () => {
  it("are the last component, or a dot for the contents", () => {
    const table = {
      "a/b": "b",
      "a/b//": "b",
      "/": ".",
      "a/.": ".",
      "a/..": ".",
      "/a/b c": "b c",
      ".hidden": ".hidden",
    };
    for (const [path, name] of Object.entries(table)) assertEquals(sourceName(path), name, path);
  });
});

describe("tilde", () => {
  it("is expanded only at the start", { ignore: Deno.build.os !== "linux" }, () => {
    const home = Deno.env.get("HOME")!;
    assertEquals(expandTilde("~"), home);
    assertEquals(expandTilde("~/x/y"), `${home}/x/y`);
    assertEquals(expandTilde("~/"), `${home}/`);
    assertEquals(expandTilde("~root/x"), "/root/x");
    assertEquals(expandTilde("~no-such-user/x"), "~no-such-user/x");
    assertEquals(expandTilde("a/~"), "a/~");
  });
});
