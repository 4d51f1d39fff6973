import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError, UserError } from "../../../src/errors.ts";
import { Confinement, isWithin } from "../../../src/files/target/confinement.ts";
import type { SourceRoot } from "../../../src/files/engine/source.ts";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";
import { ENGINES } from "../file_engines.ts";

describe("isWithin", () => {
  it("accepts the directory and paths below it", () => {
    for (const path of ["/a", "/a/b", "/a/b/c"]) assertEquals(isWithin(path, "/a"), true, path);
    for (const path of ["/", "/ab", "/b", "", "/a "]) assertEquals(isWithin(path, "/a"), false, path);
    assertEquals([isWithin("/", "/"), isWithin("/a", "/")], [true, true]);
  });

  it("uses the separators of the system", () => {
    assertEquals(isWithin("C:\\a\\b", "C:\\a", "windows"), true);
    assertEquals(isWithin("C:\\a", "C:\\", "windows"), true);
    assertEquals(isWithin("C:\\ab", "C:\\a", "windows"), false);
    // Next to "/a", not below it.
    assertEquals(isWithin("/a\\b", "/a", "posix"), false);
    assertEquals(isWithin("/a\\b", "/a\\", "posix"), false);
  });
});

for (const { title, make } of ENGINES) {
  describe(`confinement, ${title}`, () => {
    const engine = make();
    it("starts at the root unless the home directory is inside", async () => {
      await using tree = await createTempTree({ "in/sub": { directory: true }, "link": { link: "in" } });
      const root = await Deno.realPath(`${tree.path}/in`);
      const outside = new Confinement(`${tree.path}/link`, tree.path, engine.paths);
      assertEquals([outside.root, outside.base, outside.home], [root, root, root]);
      assertEquals(new Confinement(`${tree.path}/link`, `${root}/sub`, engine.paths).base, `${root}/sub`);
      assertEquals(new Confinement("/", tree.path, engine.paths).home, undefined);
      assertThrows(() => new Confinement(`${tree.path}/none`, "/", engine.paths), UserError, "No such file");
    });

    it("recognizes paths outside, existing or not", async () => {
      await using tree = await createTempTree({
        "in/file": "",
        "in/out": { link: "../other" },
        "in/loop": { link: "loop" },
        "other/file": "",
        "in\\side/file": "",
      });
      const confinement = new Confinement(`${tree.path}/in`, "/", engine.paths);
      const state = (path: string) => {
        try {
          confinement.check("read", `${tree.path}/${path}`);
          return "in";
        } catch (error) {
          if (!(error instanceof FileError)) throw error;
          return error.code;
        }
      };
      for (const path of ["in", "in/", "in/file", "in/new", "in/new/newer", "in/file/x", "in/../in/file"]) {
        assertEquals(state(path), "in", path);
      }
      for (
        const path of [
          "",
          "other",
          "other/file",
          "other/new",
          "in/..",
          "in/out",
          "in/out/file",
          "in/out/new/x",
          "int",
          "in\\side/file",
        ]
      ) {
        assertEquals(state(path), "EXDEV", path);
      }
      // ".." of a missing directory is unknown.
      assertEquals([state("in/new/.."), state("in/new/../../other"), state("in/loop")], ["ENOENT", "ENOENT", "ELOOP"]);
    });

    it("detects a link that was created after the check", async () => {
      await using tree = await createTempTree({
        "in/directory": { link: "../other" },
        "in/file": { link: "../other/file" },
        "other/file": "outside",
      });
      const within = await Deno.realPath(`${tree.path}/in`);
      const root = (name: string, kind: "file" | "folder"): SourceRoot => ({
        path: `${tree.path}/in/${name}`,
        name,
        kind,
        identity: { dev: 0, inode: 0 },
        size: 0,
        within,
      });
      const roots = [root("directory", "folder"), root("file", "file")];
      const walk = engine.walk([roots[0]], { recursive: true });
      const item = await walk.next();
      assertEquals(item?.type === "failed" && item.error.code, "EXDEV");
      walk.close();
      const reader = engine.sourceReader(roots);
      const buffer = new Uint8Array(64);
      const bytes = new TextEncoder().encode("file\0");
      const refused = (read: () => void) => assertEquals((assertThrows(read, FileError) as FileError).code, "EXDEV");
      refused(() => {
        reader.enter(0, bytes, 4, 4);
        reader.readWhole(bytes, 0, 4, buffer, 0, 64);
      });
      refused(() => {
        reader.enter(1, bytes, 4, 4);
        reader.readWhole(bytes, 4, 4, buffer, 0, 64);
      });
      refused(() => reader.openLarge(0, "file"));
      refused(() => reader.openLarge(1, ""));
      reader.close();
      const targets: TargetRoot[] = [{ kind: "folder", path: `${tree.path}/in/directory`, created: false, within }];
      const writer = engine.openTarget(targets, { preserve: false, umask: 0o22, token: "t" });
      refused(() => writer.partials.create(0, "new", 1));
      writer.close();
      assertEquals([...Deno.readDirSync(`${tree.path}/other`)].length, 1);
    });
  });
}
