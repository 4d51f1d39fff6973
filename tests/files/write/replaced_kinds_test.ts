import { assertEquals, assertThrows } from "@std/assert";
import { afterEach, beforeEach, describe, it } from "@std/testing/bdd";
import { FileError } from "../../../src/errors.ts";
import type { ReplacedKinds } from "../../../src/files/engine/target_options.ts";
import type { Target } from "../../../src/files/engine/target.ts";
import { RecordType } from "../../../src/protocol/data/records.ts";
import { applyRecords, ENGINES, TempDirectory } from "../file_engines.ts";

const { directory, enter, file, symlink } = RecordType;
const ALL: ReplacedKinds = { filters: [], sources: [] };

for (const { title, make } of ENGINES) {
  describe(`entries of another kind (${title})`, () => {
    let temp: TempDirectory;
    beforeEach(() => {
      temp = new TempDirectory();
      temp.directory("to/dir/deep");
      temp.directory("outside");
      for (const path of ["to/dir/deep/a", "to/dir/b", "to/file", "outside/x"]) temp.write(path);
      Deno.symlinkSync("../outside", temp.at("to/link"));
    });
    afterEach(() => {
      assertEquals(temp.list("outside"), ["x"]);
      temp[Symbol.dispose]();
    });

    function write(
      replaces: ReplacedKinds | undefined,
      records: Parameters<typeof applyRecords>[1],
    ): ReturnType<Target["small"]["takeDeleted"]> {
      const roots = [{ kind: "folder" as const, path: temp.at("to"), created: false }];
      const target = make().openTarget(roots, { preserve: false, umask: 0o022, token: "test", replaces });
      try {
        applyRecords(target, [[directory, ""], ...records]);
        target.directories.finish(target.small.takeCreated());
        return target.small.takeDeleted();
      } finally {
        target.abort();
        target.close();
      }
    }

    it("are replaced: a directory by a file or link, with its contents", () => {
      const deleted = [
        { root: 0, path: "dir/b", isDirectory: false },
        { root: 0, path: "dir/deep/a", isDirectory: false },
        { root: 0, path: "dir/deep", isDirectory: true },
        { root: 0, path: "dir", isDirectory: true },
      ];
      const byPath = (places: typeof deleted) => places.toSorted((a, b) => a.path < b.path ? -1 : 1);
      assertEquals(byPath(write(ALL, [[file, "dir", "new"]])), byPath(deleted));
      assertEquals(Deno.readTextFileSync(temp.at("to/dir")), "new");
      Deno.removeSync(temp.at("to/dir"));
      temp.directory("to/dir/more");
      write(ALL, [[symlink, "dir", "nowhere"]]);
      assertEquals(temp.list("to"), ["dir -> nowhere", "file", "link -> ../outside"]);
    });

    it("are replaced: a file or link by a directory", () => {
      write(ALL, [[directory, "file", "", 0o755], [file, "x", "x"], [directory, "link/sub", "", 0o755], [
        file,
        "y",
        "y",
      ]]);
      assertEquals(temp.list("to").filter((path) => !path.startsWith("dir")), [
        ...["file/", "file/x", "link/", "link/sub/", "link/sub/y"],
      ]);
    });

    it("stay if they are excluded, or a source of the copy, and a directory has their name", () => {
      const refused = (replaces: ReplacedKinds, name: string, reason: string) => {
        const records: Parameters<typeof applyRecords>[1] = [[enter, name], [file, "x", "x"]];
        const error = assertThrows(() => write(replaces, records), FileError) as FileError;
        assertEquals(error.message, `Cannot remove "${temp.at(`to/${name}`)}": ${reason}`);
      };
      const before = temp.list("to");
      const excluded = "it is excluded, and a directory of the source has its name";
      refused({ ...ALL, filters: [{ action: "exclude", kind: "glob", pattern: "file" }] }, "file", excluded);
      refused({ ...ALL, filters: [{ action: "exclude", kind: "glob", pattern: "/link" }] }, "link", excluded);
      const { dev, ino } = Deno.statSync(temp.at("to/file"));
      refused({ ...ALL, sources: [{ dev, inode: ino! }] }, "file", "it is a source of this copy");
      assertEquals(temp.list("to"), before);
      write({ ...ALL, filters: [{ action: "exclude", kind: "glob", pattern: "other" }] }, [[enter, "file"], [
        file,
        "x",
        "x",
      ]]);
      assertEquals(temp.list("to/file"), ["x"]);
    });

    it("stay if the target of a file has become a directory", () => {
      const roots = [{ kind: "file" as const, directory: temp.at("to"), name: "dir" }];
      const target = make().openTarget(roots, { preserve: false, umask: 0o022, token: "test", replaces: ALL });
      const before = temp.list("to");
      assertThrows(() => applyRecords(target, [[enter, ""], [file, "", "new"]]), FileError, "Is a directory");
      target.abort();
      target.close();
      assertEquals(temp.list("to"), before);
    });

    it("stay by default", () => {
      for (
        const records of [[[file, "dir"]], [[symlink, "dir", "x"]], [[directory, "file"]], [[directory, "link/y"]]]
      ) {
        assertThrows(() => write(undefined, records as Parameters<typeof applyRecords>[1]), FileError);
      }
      assertEquals(temp.list("to"), ["dir/", "dir/b", "dir/deep/", "dir/deep/a", "file", "link -> ../outside"]);
    });

    it("stay if they contain an excluded entry or a source", () => {
      const { dev, ino } = Deno.statSync(temp.at("to/dir/deep"));
      const cases: [ReplacedKinds, string][] = [
        [{ ...ALL, filters: [{ action: "exclude", kind: "glob", pattern: "/dir/deep/a" }] }, "it contains excluded or"],
        [{ ...ALL, sources: [{ dev, inode: ino! }] }, "it is a source of this copy"],
      ];
      for (const [replaces, message] of cases) {
        assertThrows(() => write(replaces, [[file, "dir", "new"]]), FileError, message);
        assertEquals(temp.list("to"), ["dir/", "dir/b", "dir/deep/", "dir/deep/a", "file", "link -> ../outside"]);
      }
    });
  });
}
