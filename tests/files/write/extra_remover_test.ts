import { assertEquals, assertMatch } from "@std/assert";
import { afterEach, beforeEach, describe, it } from "@std/testing/bdd";
import type { FileEngine } from "../../../src/files/engine/engine.ts";
import type { ExtraOptions, RemovedExtras, SourceNames } from "../../../src/files/engine/directory_writer.ts";
import type { TargetRoot } from "../../../src/files/engine/target_root.ts";
import { mountSmallDisk, smallDiskProblem } from "../../support/files/small_disk.ts";
import { ENGINES, TempDirectory } from "../file_engines.ts";

const TARGET_OPTIONS = { preserve: false, umask: 0o022, token: "test" };

/** Returns a source with these paths. A path that ends in a slash is a directory; so is the root. */
function sourceOf(root: string, ...paths: string[]): SourceNames {
  const names = new Set(paths.map((path) => `${root}/${path.replace(/\/$/, "")}`));
  const directories = new Set([
    root,
    ...paths.filter((path) => path.endsWith("/")).map((path) => `${root}/${path.slice(0, -1)}`),
  ]);
  return {
    hasDirectory: (path) => directories.has(path),
    find: (directory, name) => names.has(`${directory}/${name}`) ? "listed" : "missing",
  };
}

for (const { title, make } of ENGINES) {
  describe(`the removal of entries that the source lacks (${title})`, () => {
    let temp: TempDirectory;
    let engine: FileEngine;
    let removed: string[];
    beforeEach(() => {
      temp = new TempDirectory();
      engine = make();
      removed = [];
      temp.directory("to");
    });
    afterEach(() => temp[Symbol.dispose]());

    async function remove(
      names: SourceNames,
      options: Partial<ExtraOptions> = {},
      roots: TargetRoot[] = [{ kind: "folder", path: temp.at("to"), created: false }],
    ): Promise<RemovedExtras> {
      const target = engine.openTarget(roots, TARGET_OPTIONS);
      try {
        return await target.directories.removeExtras({
          names,
          sources: [],
          limit: Infinity,
          dryRun: false,
          removed: ({ path, isDirectory }) => void removed.push(isDirectory ? `${path}/` : path),
          yieldIfDue: () => {},
          ...options,
        });
      } finally {
        target.close();
      }
    }

    function write(...paths: string[]): void {
      for (const path of paths) {
        temp.directory(`to/${path}`.slice(0, `to/${path}`.lastIndexOf("/")));
        if (!path.endsWith("/")) temp.write(`to/${path}`);
      }
    }

    it("removes contents before their directory, and nothing that the source has", async () => {
      write("a", "b", "kept/c", "kept/d", "gone/e/f", "gone/g");
      const { removed: count, failures } = await remove(sourceOf(temp.at("to"), "a", "kept/", "kept/c"));
      assertEquals([count, failures], [6, []]);
      assertEquals(temp.list("to"), ["a", "kept/", "kept/c"]);
      assertEquals(removed.indexOf("gone/e/f") < removed.indexOf("gone/e/"), true);
      assertEquals(removed.indexOf("gone/e/") < removed.indexOf("gone/"), true);
    });

    it("does not search directories that the source did not list", async () => {
      write("unlisted/x", "y");
      await remove(sourceOf(temp.at("to"), "unlisted"));
      assertEquals(temp.list("to"), ["unlisted/", "unlisted/x"]);
      await remove(sourceOf(temp.at("from")));
      assertEquals(temp.list("to"), ["unlisted/", "unlisted/x"]);
    });

    it("reports all entries in a dry run and removes none", async () => {
      write("gone/e/f", "g");
      const { removed: count } = await remove(sourceOf(temp.at("to")), { dryRun: true });
      assertEquals([count, removed.sort()], [4, ["g", "gone/", "gone/e/", "gone/e/f"]]);
      assertEquals(temp.list("to"), ["g", "gone/", "gone/e/", "gone/e/f"]);
    });

    it("removes all entries of large directories", async () => {
      temp.directory("to/gone");
      temp.directory("to/kept");
      for (let index = 0; index < 10_000; index++) {
        temp.write(`to/gone/${index}`);
        temp.write(`to/kept/${index}`);
      }
      const { removed: count } = await remove(sourceOf(temp.at("to"), "kept/", "kept/5000"));
      assertEquals([count, temp.list("to")], [20_000, ["kept/", "kept/5000"]]);
    });

    it("counts the entries beyond the limit", async () => {
      write("gone/e/f", "gone/h", "g");
      for (const [limit, left] of [[0, 5], [1, 4], [4, 0]]) {
        const result = await remove(sourceOf(temp.at("to")), { limit });
        assertEquals([result.removed, result.left], [limit, left]);
      }
      assertEquals(temp.list("to"), []);
    });

    it("keeps directories with excluded or private entries", async () => {
      const part = ".escp-0123456789abcdef0123456789abcdef.part";
      write("one/x.o", "one/y", `two/deep/${part}`, "three/z", part);
      const accept = (path: string) => !path.endsWith(".o");
      const { removed: count, kept, failures } = await remove(sourceOf(temp.at("to")), { accept });
      assertEquals([count, kept, failures], [3, 2, []]);
      assertEquals(temp.list("to"), [part, "one/", "one/x.o", "two/", "two/deep/", `two/deep/${part}`]);
    });

    it("removes links themselves", async () => {
      temp.write("outside");
      write("kept/");
      for (const path of ["to/l", "to/kept/l"]) Deno.symlinkSync(temp.path, temp.at(path));
      Deno.symlinkSync("nowhere", temp.at("to/dangling"));
      const { removed: count } = await remove(sourceOf(temp.at("to"), "kept/"));
      assertEquals([count, temp.list()], [3, ["outside", "to/", "to/kept/"]]);
    });

    it("keeps an alias if the directory does not distinguish it from the name of the source", async () => {
      write("data", "Data", "only");
      const aliases = (listed: string[]): SourceNames => ({
        hasDirectory: () => true,
        find: (_, name) => listed.includes(name) ? "listed" : "alias",
      });
      await remove(aliases(["data"]));
      assertEquals(temp.list("to"), ["data", "only"]);
    });

    it("keeps sources", async () => {
      write("source/x", "other/source2");
      const sources = ["to/source", "to/other/source2"].map((path) => {
        const { dev, ino } = Deno.statSync(temp.at(path));
        return { dev, inode: ino! };
      });
      const { failures } = await remove(sourceOf(temp.at("to")), { sources });
      assertEquals(failures.map(({ message }) => message).sort(), [
        `Cannot remove "${temp.at("to/other/source2")}": it is a source of this copy`,
        `Cannot remove "${temp.at("to/source")}": it is a source of this copy`,
      ]);
      assertEquals(temp.list("to"), ["other/", "other/source2", "source/", "source/x"]);
    });

    it("searches each directory once, for its own root", async () => {
      write("sub/x", "sub/y", "z");
      const roots = ["to", "to", "to/sub"].map((path): TargetRoot => (
        { kind: "folder", path: temp.at(path), created: false }
      ));
      const anchored = (path: string) => path !== "x";
      await remove(sourceOf(temp.at("to"), "sub/"), { accept: anchored }, roots);
      assertEquals(temp.list("to"), ["sub/", "sub/x"]);
      assertEquals(removed.sort(), ["y", "z"]);
    });

    it("removes trees that are deeper than the maximum path length", async () => {
      const name = "d".repeat(200);
      let script = "cd to";
      for (let depth = 0; depth < 30; depth++) script += ` && mkdir ${name} && cd ${name}`;
      new Deno.Command("sh", { args: ["-c", script], cwd: temp.path }).outputSync();
      const { failures } = await remove(sourceOf(temp.at("to")));
      // Deno.* takes absolute paths of at most 4096 bytes.
      if (title === "portable") assertMatch(failures[0]?.message ?? "", /^Cannot remove .*: File name too long$/);
      else assertEquals([failures, temp.list("to")], [[], []]);
    });

    it("does nothing for a root that does not exist yet, in a dry run", async () => {
      const roots: TargetRoot[] = [{ kind: "folder", path: temp.at("to/new"), created: true }];
      const { failures, removed: count } = await remove(sourceOf(temp.at("to/new")), { dryRun: true }, roots);
      assertEquals([failures, count], [[], 0]);
    });

    it("does not search a mounted file system whose directory the source has", {
      ignore: smallDiskProblem !== undefined,
    }, async () => {
      write("disk/");
      await using _ = await mountSmallDisk("size=1m", temp.at("to/disk"));
      temp.write("to/disk/file");
      const { failures } = await remove(sourceOf(temp.at("to"), "disk/"));
      assertEquals(failures.map(({ message }) => message), [
        `Cannot remove "${temp.at("to/disk")}": a file system is mounted on it`,
      ]);
      assertEquals(temp.list("to"), ["disk/", "disk/file"]);
    });

    it("does not enter a mounted file system", { ignore: smallDiskProblem !== undefined }, async () => {
      write("x/disk/", "x/y", "kept/disk/");
      await using _ = await mountSmallDisk("size=1m", temp.at("to/x/disk"));
      temp.write("to/x/disk/file");
      const { failures } = await remove(sourceOf(temp.at("to"), "kept/"));
      assertEquals(failures.map(({ message }) => message), [
        `Cannot remove "${temp.at("to/x/disk")}": a file system is mounted on it`,
      ]);
      assertEquals(temp.list("to"), ["kept/", "x/", "x/disk/", "x/disk/file"]);
    });
  });
}
