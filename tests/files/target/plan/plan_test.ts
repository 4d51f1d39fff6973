import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError, UserError } from "../../../../src/errors.ts";
import { planTargets } from "../../../../src/files/target/plan/plan.ts";
import type { PlannedSource } from "../../../../src/files/target/plan/planned_source.ts";
import { createDirectories } from "../../../../src/files/target/root_directories.ts";
import { ENGINES, rawShell, TempDirectory } from "../../file_engines.ts";

const FILE: PlannedSource = { name: "f", kind: "file" };
const DIRECTORY: PlannedSource = { name: "s", kind: "folder" };
const CONTENTS: PlannedSource = { name: ".", kind: "folder" };

for (const { title, make } of ENGINES) {
  describe(`target plan, ${title}`, () => {
    const { paths } = make();
    const plan = (temp: TempDirectory, sources: PlannedSource[], target: string, sameHost = false) =>
      createDirectories(planTargets(sources, target, { base: temp.path, tilde: false, sameHost }, paths), paths);
    /** Each root as text: relative path, "/" for directories, "+" for created ones. */
    const short = (temp: TempDirectory, sources: PlannedSource[], target: string) =>
      plan(temp, sources, target).map((root) => {
        const path = root.kind === "file" ? `${root.directory}/${root.name}` : root.path;
        const end = root.kind === "folder" ? (root.created ? "/+" : "/") : root.kind === "device" ? "!" : "";
        return path.slice(temp.path.length) + end;
      });
    const refused = (
      temp: TempDirectory,
      sources: PlannedSource[],
      target: string,
      message: string,
      sameHost = false,
    ) => {
      const before = temp.list();
      const error = assertThrows(() => plan(temp, sources, target, sameHost), UserError);
      assertEquals(error.message.replaceAll(temp.path, ""), message);
      assertEquals(temp.list(), before, "nothing was created");
    };

    it("refuses sources of a move that are written into the target of another one", () => {
      using temp = new TempDirectory();
      const options = { base: temp.path, tilde: false, sameHost: false, separate: true };
      temp.directory("to/s");
      Deno.symlinkSync("to", temp.at("link"));
      const named = (name: string, kind: PlannedSource["kind"], target?: string) => ({ name, kind, target });
      const refusing: PlannedSource[][] = [
        [CONTENTS, CONTENTS],
        [DIRECTORY, DIRECTORY],
        [DIRECTORY, { ...DIRECTORY, name: "S" }],
        [CONTENTS, DIRECTORY],
        [FILE, { ...FILE, name: "F" }],
        [named("d", "folder", "link/d"), named("d", "folder", "to/d")],
        [named("d", "folder", "new"), named("d", "folder", "new")],
      ];
      for (const sources of refusing) {
        assertThrows(() => planTargets(sources, "to", options, paths), UserError, "Cannot move several sources to");
      }
      assertEquals(planTargets([DIRECTORY, { ...DIRECTORY, name: "s2" }, FILE], "to", options, paths).length, 3);
    });

    it("names a target that is below a file as it was typed", () => {
      using temp = new TempDirectory();
      temp.write("old");
      for (const target of ["old/", "old/new"]) {
        const error = assertThrows(() => plan(temp, [FILE], target), UserError);
        assertEquals(error.message, `Cannot examine "${target}": Not a directory`);
      }
    });

    it("names targets as scp does", () => {
      const table: [PlannedSource[], string, string[]][] = [
        [[FILE], "dir", ["/dir/f"]],
        [[FILE], "dir/", ["/dir/f"]],
        [[FILE], "link", ["/link/f"]],
        [[FILE], "", ["/f"]],
        [[FILE], ".", ["/f"]],
        [[FILE], "new", ["/new"]],
        [[FILE], "dir/new", ["/dir/new"]],
        [[FILE], "old", ["/old"]],
        [[FILE], "tolink", ["/old"]],
        [[FILE], "lost", ["/nowhere"]],
        [[FILE], "pipe", ["/pipe!"]],
        [[DIRECTORY], "dir", ["/dir/s/+"]],
        [[DIRECTORY], "new", ["/new/+"]],
        [[DIRECTORY], "new/", ["/new/+"]],
        [[DIRECTORY], "has", ["/has/s/"]],
        [[CONTENTS], "dir", ["/dir/"]],
        [[CONTENTS], "new", ["/new/+"]],
        [[FILE, DIRECTORY, CONTENTS], "dir", ["/dir/f", "/dir/s/+", "/dir/"]],
        [[DIRECTORY, DIRECTORY], "dir", ["/dir/s/+", "/dir/s/"]],
      ];
      for (const [sources, target, want] of table) {
        using temp = sample();
        assertEquals(short(temp, sources, target), want, `${sources.map((it) => it.name)} to "${target}"`);
      }
    });

    it("advises to create a directory for several sources only if nothing has its name", () => {
      using temp = sample();
      const hintFor = (target: string) => assertThrows(() => plan(temp, [FILE, DIRECTORY], target), UserError).hint;
      assertEquals([hintFor("old"), hintFor("new")], [undefined, "Create the directory first, or use --mkpath"]);
    });

    it("refuses impossible combinations before it creates anything", () => {
      using temp = sample();
      refused(temp, [FILE, DIRECTORY], "old", 'Cannot copy to "old": Not a directory');
      refused(temp, [FILE, DIRECTORY], "new", 'Cannot copy to "new": No such file or directory');
      refused(temp, [DIRECTORY], "old", 'Cannot copy to "old": Not a directory');
      refused(temp, [DIRECTORY], "pipe", 'Cannot copy to "pipe": Not a directory');
      refused(temp, [FILE], "new/", 'Cannot copy to "new/": No such file or directory');
      refused(temp, [FILE], "none/new", 'Cannot create "none/new": No such file or directory');
      refused(temp, [DIRECTORY], "none/new", 'Cannot create "none/new": No such file or directory');
      refused(temp, [DIRECTORY], "lost", 'Cannot create "/lost": it is a symbolic link');
      refused(
        temp,
        [FILE, { name: "f", kind: "folder" }],
        "dir",
        'Cannot copy two sources to "/dir/f": they have the same name',
      );
      refused(temp, [FILE, FILE], "dir", 'Cannot copy two sources to "/dir/f": they have the same name');
      refused(temp, [DIRECTORY, { name: "s", kind: "file" }], "has", 'Cannot write "/has/s": Is a directory');
      temp.write("dir/s");
      refused(temp, [FILE, DIRECTORY], "dir", 'Cannot create "/dir/s": Not a directory');
    });

    it("does not follow a link below the target, which only the peer has named", () => {
      using temp = sample();
      temp.directory("out");
      Deno.symlinkSync("../out", temp.at("dir/s"));
      refused(temp, [DIRECTORY], "dir", 'Cannot create "/dir/s": it is a symbolic link');
    });

    it("refuses names that could lead out of the target", () => {
      using temp = sample();
      for (const name of ["", "..", "a/b", "/etc", "a\0", "n".repeat(256)]) {
        assertThrows(() => plan(temp, [{ name, kind: "file" }], "dir"), ProtocolError);
      }
    });

    it("marks a target that is the source, and refuses to copy a directory into itself", () => {
      using temp = sample();
      const identityOf = (path: string) => {
        const { dev, inode } = paths.stat(temp.at(path), { follow: true })!;
        return { dev, inode };
      };
      const old = { name: "old", kind: "file" as const, identity: identityOf("old") };
      const isSame = (source: PlannedSource, target: string) => {
        const [root] = plan(temp, [source], target, true);
        return root.kind !== "device" && root.same === true;
      };
      for (const target of ["old", "tolink", ""]) assert(isSame(old, target), target);
      assert(!isSame(old, "new"));
      const has = { name: "has", kind: "folder" as const, identity: identityOf("has") };
      assert(isSame(has, ""));
      refused(temp, [has], "has", 'Cannot copy "has" to "/has/has": it would be copied into itself', true);
      refused(temp, [has], "has/s/new", 'Cannot copy "has" to "/has/s/new": it would be copied into itself', true);
      assert(isSame({ ...has, name: "." }, "has"));
      assertEquals(plan(temp, [has], "dir", true).length, 1);
      assertEquals(plan(temp, [has], "").length, 1, "another host may have the same numbers");
    });

    it("uses directories that another process creates after the first look, in a shared copy only", () => {
      for (const [target, mkpath] of [["new", false], ["above/new", true]] as const) {
        using temp = new TempDirectory();
        const first = temp.at(target.split("/")[0]);
        const stat: typeof paths.stat = (path, options) => {
          const found = paths.stat(path, options);
          if (path === first && !found) Deno.mkdirSync(path);
          return found;
        };
        const racing = new Proxy(paths, {
          get: (calls, name) => name === "stat" ? stat : Reflect.get(calls, name).bind(calls),
        });
        const options = { base: temp.path, tilde: false, sameHost: false, mkpath };
        const [root] = createDirectories(planTargets([DIRECTORY], target, options, racing), racing, { isShared: true });
        assertEquals([root.kind, root.kind === "folder" && root.path], ["folder", temp.at(target)]);
        if (mkpath) continue;
        assertEquals(root.kind === "folder" && root.created, false);
        Deno.removeSync(first);
        const alone = () => createDirectories(planTargets([DIRECTORY], target, options, racing), racing);
        assertThrows(alone, UserError, "File exists");
      }
    });

    it("creates root directories that no other user can enter", () => {
      using temp = sample();
      plan(temp, [DIRECTORY], "dir");
      assertEquals(Deno.statSync(temp.at("dir/s")).mode! & 0o7777, 0o1700);
    });
  });
}

function sample(): TempDirectory {
  const temp = new TempDirectory();
  temp.directory("dir");
  temp.directory("has/s");
  temp.write("old", "old");
  rawShell("mkfifo pipe; ln -s dir link; ln -s old tolink; ln -s nowhere lost", temp.path);
  return temp;
}
