import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProtocolError, UserError } from "../../../src/errors.ts";
import { type PlannedSource, planTargets } from "../../../src/files/target/plan.ts";
import { ENGINES, rawShell, TempFolder } from "../file_engines.ts";

const FILE: PlannedSource = { name: "f", kind: "file" };
const FOLDER: PlannedSource = { name: "s", kind: "folder" };
const CONTENTS: PlannedSource = { name: ".", kind: "folder" };

for (const { title, make } of ENGINES) {
  describe(`target plan, ${title}`, () => {
    const { paths } = make();
    const plan = (temp: TempFolder, sources: PlannedSource[], target: string, sameHost = false) =>
      planTargets(sources, target, { base: temp.path, tilde: false, sameHost }, paths);
    /** Each root as text: relative path, "/" for folders, "+" for created ones. */
    const short = (temp: TempFolder, sources: PlannedSource[], target: string) =>
      plan(temp, sources, target).map((root) => {
        const path = root.kind === "file" ? `${root.folder}/${root.name}` : root.path;
        const end = root.kind === "folder" ? (root.created ? "/+" : "/") : root.kind === "device" ? "!" : "";
        return path.slice(temp.path.length) + end;
      });
    const refused = (temp: TempFolder, sources: PlannedSource[], target: string, message: string, sameHost = false) => {
      const before = temp.list();
      const error = assertThrows(() => plan(temp, sources, target, sameHost), UserError);
      assertEquals(error.message.replaceAll(temp.path, ""), message);
      assertEquals(temp.list(), before, "nothing was created");
    };

    it("names as scp does", () => {
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
        [[FILE], "lost", ["/lost"]],
        [[FILE], "pipe", ["/pipe!"]],
        [[FOLDER], "dir", ["/dir/s/+"]],
        [[FOLDER], "new", ["/new/+"]],
        [[FOLDER], "new/", ["/new/+"]],
        [[FOLDER], "has", ["/has/s/"]],
        [[CONTENTS], "dir", ["/dir/"]],
        [[CONTENTS], "new", ["/new/+"]],
        [[FILE, FOLDER, CONTENTS], "dir", ["/dir/f", "/dir/s/+", "/dir/"]],
        [[FOLDER, FOLDER], "dir", ["/dir/s/+", "/dir/s/"]],
      ];
      for (const [sources, target, want] of table) {
        using temp = sample();
        assertEquals(short(temp, sources, target), want, `${sources.map((it) => it.name)} to "${target}"`);
      }
    });

    it("refuses what makes no sense before anything is made", () => {
      using temp = sample();
      refused(temp, [FILE, FOLDER], "old", 'Cannot copy to "old": Not a directory');
      refused(temp, [FILE, FOLDER], "new", 'Cannot copy to "new": No such file or directory');
      refused(temp, [FOLDER], "old", 'Cannot copy to "old": Not a directory');
      refused(temp, [FOLDER], "pipe", 'Cannot copy to "pipe": Not a directory');
      refused(temp, [FILE], "new/", 'Cannot copy to "new/": No such file or directory');
      refused(temp, [FILE], "none/new", 'Cannot create "none/new": No such file or directory');
      refused(temp, [FOLDER], "none/new", 'Cannot create "none/new": No such file or directory');
      refused(temp, [FOLDER], "lost", 'Cannot create "/lost": a symbolic link stands in the way');
      refused(
        temp,
        [FILE, { name: "f", kind: "folder" }],
        "dir",
        'Cannot copy two sources to "/dir/f": they have the same name',
      );
      refused(temp, [FILE, FILE], "dir", 'Cannot copy two sources to "/dir/f": they have the same name');
      refused(temp, [FOLDER, { name: "s", kind: "file" }], "has", 'Cannot write "/has/s": Is a directory');
      temp.write("dir/s");
      refused(temp, [FILE, FOLDER], "dir", 'Cannot create "/dir/s": Not a directory');
    });

    it("does not follow a link below the target that only the peer named", () => {
      using temp = sample();
      temp.folder("out");
      Deno.symlinkSync("../out", temp.at("dir/s"));
      refused(temp, [FOLDER], "dir", 'Cannot create "/dir/s": a symbolic link stands in the way');
    });

    it("refuses names that could lead elsewhere", () => {
      using temp = sample();
      for (const name of ["", "..", "a/b", "/etc", "a\0", "n".repeat(256)]) {
        assertThrows(() => plan(temp, [{ name, kind: "file" }], "dir"), ProtocolError);
      }
    });

    it("refuses to copy a file or folder onto or into itself", () => {
      using temp = sample();
      const identityOf = (path: string) => {
        const { dev, inode } = paths.stat(temp.at(path), { follow: true })!;
        return { dev, inode };
      };
      const old = { name: "old", kind: "file" as const, identity: identityOf("old") };
      refused(temp, [old], "old", 'Cannot copy "old" to "/old": they are the same file', true);
      refused(temp, [old], "tolink", 'Cannot copy "old" to "/old": they are the same file', true);
      refused(temp, [old], "", 'Cannot copy "old" to "/old": they are the same file', true);
      const has = { name: "has", kind: "folder" as const, identity: identityOf("has") };
      refused(temp, [has], "", 'Cannot copy "has" to "/has": they are the same file', true);
      refused(temp, [has], "has", 'Cannot copy "has" to "/has/has": it would be copied into itself', true);
      refused(temp, [has], "has/s/new", 'Cannot copy "has" to "/has/s/new": it would be copied into itself', true);
      refused(temp, [{ ...has, name: "." }], "has", 'Cannot copy "/has" to "/has": they are the same file', true);
      assertEquals(plan(temp, [has], "dir", true).length, 1);
      assertEquals(plan(temp, [has], "").length, 1, "another host may have the same numbers");
    });

    it("makes root folders that nobody else can enter yet", () => {
      using temp = sample();
      plan(temp, [FOLDER], "dir");
      assertEquals(Deno.statSync(temp.at("dir/s")).mode! & 0o7777, 0o1700);
    });
  });
}

function sample(): TempFolder {
  const temp = new TempFolder();
  temp.folder("dir");
  temp.folder("has/s");
  temp.write("old", "old");
  rawShell("mkfifo pipe; ln -s dir link; ln -s old tolink; ln -s nowhere lost", temp.path);
  return temp;
}
