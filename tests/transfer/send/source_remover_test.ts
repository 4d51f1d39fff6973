import { assert, assertEquals, assertMatch } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { FileError } from "../../../src/errors.ts";
import type { FileEngine } from "../../../src/files/engine/engine.ts";
import type { SourceRoot, WalkOptions } from "../../../src/files/engine/source.ts";
import { identityOf } from "../../../src/files/stat/file_identity.ts";
import { ConfirmedSources } from "../../../src/transfer/send/confirmed_sources.ts";
import { type RemovalHost, removeSources } from "../../../src/transfer/send/source_remover.ts";
import { ENGINES } from "../../files/file_engines.ts";
import { chattrProblem, protect } from "../../support/files/chattr.ts";
import { pathsIn } from "../../support/files/paths_in.ts";
import { mountSmallDisk, smallDiskProblem } from "../../support/files/small_disk.ts";
import { createTempTree, type TreeEntries, writeTree } from "../../support/files/temp_tree.ts";

const TREE: TreeEntries = {
  "root/a": "a",
  "root/d/b": "b",
  "root/d/large": { size: 2 << 20 },
  "root/d/link": { link: "b" },
  "root/d/second": { hardLink: "root/a" },
  "beside/b": "b",
};
const OPTIONS: WalkOptions = { recursive: true, symlinks: "preserve", hardlinks: true, preserve: true };
const DIRECTORIES = ["beside", "beside/b", "root", "root/d"];

/** Confirms everything that the walk finds. */
async function confirmAll(files: FileEngine, roots: SourceRoot[], options = OPTIONS): Promise<ConfirmedSources> {
  const confirmed = new ConfirmedSources();
  const walk = files.walk(roots, options);
  for (let item = await walk.next(); item; item = await walk.next()) {
    if (item.type === "pack") confirmed.pack(item.plan, new Uint8Array(item.records).fill(1));
    else if (item.type === "ranged") confirmed.large(item);
  }
  walk.close();
  return confirmed;
}

function rootOf(path: string): SourceRoot {
  return { path, name: "root", kind: "folder", identity: identityOf(Deno.statSync(path)), size: 0 };
}

/** Changes a file until the system shows another time of its last change. */
function writeWithTimeSetBack(path: string): void {
  const { atime, mtime, ctime } = Deno.statSync(path);
  do {
    Deno.writeTextFileSync(path, "c");
    Deno.utimeSync(path, atime!, mtime!);
  } while (Deno.statSync(path).ctime!.getTime() === ctime!.getTime());
}

/** Removes the entries. @returns their number, and the notes and failures. */
async function remove(
  files: FileEngine,
  roots: SourceRoot[],
  confirmed: ConfirmedSources,
  more: Partial<RemovalHost> = {},
) {
  const messages: string[] = [];
  const removed = await removeSources(confirmed, {
    files,
    roots,
    follow: false,
    since: Infinity,
    parents: new Map(),
    failed: (error) => messages.push(error.message),
    note: (message) => messages.push(message),
    turn: () => {},
    ...more,
  });
  return { removed, messages };
}

for (const { title, make } of ENGINES) {
  describe(`removing sources (${title})`, () => {
    it("removes files, links and hard links, and keeps directories", async () => {
      await using tree = await createTempTree(TREE);
      const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
      const confirmed = await confirmAll(files, roots);
      assertEquals(await remove(files, roots, confirmed), { removed: 5, messages: [] });
      assertEquals(pathsIn(tree.path).toSorted(), DIRECTORIES);
    });

    it("removes all names of a file that was sent under each of them", async () => {
      await using tree = await createTempTree(TREE);
      const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
      const confirmed = await confirmAll(files, roots, { ...OPTIONS, hardlinks: false });
      assertEquals(await remove(files, roots, confirmed), { removed: 5, messages: [] });
    });

    for (
      const [change, changes] of [
        ["its contents", (path: string) => Deno.writeTextFileSync(path, "c")],
        ["its contents, with its time set back", writeWithTimeSetBack],
        ["the file, by another one", (path: string) => {
          Deno.writeTextFileSync(`${path}.new`, "b");
          Deno.renameSync(`${path}.new`, path);
        }],
        ["the file, by a link", (path: string) => {
          Deno.removeSync(path);
          Deno.symlinkSync("../a", path);
        }],
      ] as const
    ) {
      // The portable engine knows the time of the last change in whole seconds.
      const ignore = changes === writeWithTimeSetBack && title === "portable";
      it(`keeps a file after a change of ${change}`, { ignore }, async () => {
        await using tree = await createTempTree(TREE);
        const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
        const confirmed = await confirmAll(files, roots);
        const path = `${tree.path}/root/d/b`;
        changes(path);
        const { removed, messages } = await remove(files, roots, confirmed);
        assertEquals([removed, messages], [4, [`not removed: "${path}": changed since the copy`]]);
      });
    }

    it("removes followed links together with their files, and keeps a link that has changed", async () => {
      await using tree = await createTempTree({
        "root/a": "a",
        "root/b link": { link: "c link" },
        "root/c link": { link: "a" },
        "root/d/d": "d",
        "root/d/e": { link: "../a" },
        "root/f link": { link: "a" },
      });
      const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
      const confirmed = await confirmAll(files, roots, { ...OPTIONS, symlinks: "follow" });
      Deno.removeSync(`${tree.path}/root/f link`);
      Deno.symlinkSync("missing", `${tree.path}/root/f link`);
      const { removed, messages } = await remove(files, roots, confirmed, { follow: true });
      assertEquals([removed, messages], [5, [`not removed: "${tree.path}/root/f link": changed since the copy`]]);
      assertEquals(pathsIn(tree.path), ["root", "root/d", "root/f link"]);
    });

    it("keeps a followed link whose file changes after it was examined", async () => {
      await using tree = await createTempTree({ "root/a": "a", "root/b": { link: "a" } });
      const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
      const confirmed = await confirmAll(files, roots, { ...OPTIONS, symlinks: "follow" });
      let turns = 0;
      const turn = () => {
        if (++turns === confirmed.count) Deno.writeTextFileSync(`${tree.path}/root/a`, "changed");
      };
      const { removed, messages } = await remove(files, roots, confirmed, { follow: true, turn });
      assertEquals(removed, 0);
      assertMatch(messages[0], /^not removed: .* and 1 more: changed since the copy$/);
    });

    it("removes a followed link and the hard links of its file", async () => {
      for (const hardlinks of [false, true]) {
        let isRemoved = false;
        // The walk finds the entries of a directory in any order: the link has to be the first name of its file.
        for (let index = 0; !isRemoved; index++) {
          assert(index < 64, "the link is never found first");
          const link = `root/link ${index}`;
          const entries: [string, TreeEntries[string]][] = [["root/a", "a"], ["root/b", { hardLink: "root/a" }]];
          const links: typeof entries = [[link, { link: "a" }]];
          // File systems list names in the order of their creation, in its reverse, or by a hash.
          const ordered = index % 2 === 0 ? [...links, ...entries] : [...entries, ...links];
          await using tree = await createTempTree(Object.fromEntries(ordered));
          const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
          const confirmed = await confirmAll(files, roots, { ...OPTIONS, symlinks: "follow", hardlinks });
          const [first] = confirmed.entries();
          if (!link.endsWith(first.name)) continue;
          assertEquals(await remove(files, roots, confirmed, { follow: true }), { removed: 3, messages: [] });
          isRemoved = true;
        }
      }
    });

    it("removes a link that the user names, and its file", async () => {
      await using tree = await createTempTree({ a: "a", link: { link: "a" } });
      const files = make();
      const named = (name: string): SourceRoot => {
        const { dev, ino: inode, size } = Deno.statSync(`${tree.path}/${name}`);
        return { path: `${tree.path}/${name}`, name, kind: "file", identity: { dev, inode: inode! }, size };
      };
      const roots = [named("a"), named("link")];
      const confirmed = await confirmAll(files, roots);
      const parent = identityOf(Deno.statSync(tree.path));
      const parents = new Map([[0, parent], [1, parent]]);
      assertEquals(await remove(files, roots, confirmed, { parents }), { removed: 2, messages: [] });
      assertEquals(pathsIn(tree.path), []);
    });

    it("keeps a hard link of a file that has changed", async () => {
      await using tree = await createTempTree(TREE);
      const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
      const confirmed = await confirmAll(files, roots);
      Deno.writeTextFileSync(`${tree.path}/root/a`, "changed");
      assertEquals((await remove(files, roots, confirmed)).removed, 3);
      assertEquals(Deno.readTextFileSync(`${tree.path}/root/d/second`), "changed");
    });

    it("removes nothing through a link that has replaced a directory", async () => {
      await using tree = await createTempTree(TREE);
      const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
      const confirmed = await confirmAll(files, roots);
      Deno.renameSync(`${tree.path}/root/d`, `${tree.path}/moved`);
      Deno.symlinkSync("../moved", `${tree.path}/root/d`);
      const { removed } = await remove(files, roots, confirmed);
      assertEquals([removed, pathsIn(`${tree.path}/moved`).length], [1, 4]);
    });

    it("removes nothing in another directory that has the path of the root", async () => {
      await using tree = await createTempTree(TREE);
      const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
      const confirmed = await confirmAll(files, roots);
      Deno.renameSync(`${tree.path}/root`, `${tree.path}/moved`);
      Deno.mkdirSync(`${tree.path}/root`);
      // The files are the same ones.
      Deno.renameSync(`${tree.path}/moved/d`, `${tree.path}/root/d`);
      const { removed } = await remove(files, roots, confirmed);
      assertEquals([removed, pathsIn(`${tree.path}/root`).length], [0, 5]);
    });

    it("removes nothing in another directory of a file that the user names", async () => {
      await using tree = await createTempTree(TREE);
      const files = make();
      const path = `${tree.path}/root/d/b`;
      const root: SourceRoot = { ...rootOf(path), name: "b", kind: "file", size: 1 };
      const parents = new Map([[0, identityOf(Deno.statSync(`${tree.path}/root/d`))]]);
      const confirmed = await confirmAll(files, [root]);
      Deno.renameSync(`${tree.path}/root/d`, `${tree.path}/moved`);
      Deno.symlinkSync("../beside", `${tree.path}/root/d`);
      const { removed, messages } = await remove(files, [root], confirmed, { parents });
      assertEquals([removed, messages.length], [0, 1]);
      assertMatch(messages[0], /Cannot remove/);
    });

    it("keeps files that were changed after the start, because another change would leave no trace", async () => {
      await using tree = await createTempTree(TREE);
      const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
      const confirmed = await confirmAll(files, roots);
      const since = Math.floor(Deno.statSync(`${tree.path}/root/d/b`).ctime!.getTime() / 1000 - 60) * 1000;
      const { removed, messages } = await remove(files, roots, confirmed, { since });
      assertEquals(removed, 1);
      assertMatch(messages.join(), /changed while the copy began/);
    });

    it("keeps entries whose names the target may take for the same one", async () => {
      await using tree = await createTempTree({ "root/a": "a", "root/A": "b", "root/d/x": "x", "root/D./X": "y" });
      const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
      const { removed, messages } = await remove(files, roots, await confirmAll(files, roots));
      assertEquals([removed, pathsIn(`${tree.path}/root`).length], [0, 6]);
      assertMatch(messages.join(), /and 3 more: another source has the same name in the target/);
    });

    it("names the path of a file that cannot be removed", { ignore: chattrProblem !== undefined }, async () => {
      for (const protectedPath of ["root/d", "root/d/b"]) {
        await using tree = await createTempTree({ "root/a": "a", "root/d/b": "b" });
        using _ = protect(`${tree.path}/${protectedPath}`, "i");
        const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
        const confirmed = await confirmAll(files, roots);
        const { removed, messages } = await remove(files, roots, confirmed);
        const message = `Cannot remove "${tree.path}/root/d/b": Operation not permitted`;
        assertEquals([removed, messages], [1, [message]]);
      }
    });

    it(
      "names the path and the option on a read-only file system",
      { ignore: smallDiskProblem !== undefined },
      async () => {
        await using disk = await mountSmallDisk("size=1m");
        await writeTree(disk.path, { "root/d/b": "b" });
        const [files, roots] = [make(), [rootOf(`${disk.path}/root`)]];
        const confirmed = await confirmAll(files, roots);
        await disk.remount("ro");
        const failures: FileError[] = [];
        const { removed } = await remove(files, roots, confirmed, { failed: (error) => failures.push(error) });
        assertEquals([removed, failures.map(({ message, hint }) => ({ message, hint }))], [0, [{
          message: `Cannot remove "${disk.path}/root/d/b": Read-only file system`,
          hint: "The file system is mounted read-only: omit --remove-source-files",
        }]]);
      },
    );

    it("keeps a link that was replaced by a link of the same size and time", async () => {
      await using tree = await createTempTree(TREE);
      const [files, roots] = [make(), [rootOf(`${tree.path}/root`)]];
      const path = `${tree.path}/root/d/link`;
      const setTime = (path: string) => new Deno.Command("touch", { args: ["-h", "-d", "@1000", path] }).outputSync();
      setTime(path);
      const confirmed = await confirmAll(files, roots);
      Deno.symlinkSync("c", `${path}.new`);
      setTime(`${path}.new`);
      Deno.renameSync(`${path}.new`, path);
      assertEquals((await remove(files, roots, confirmed)).removed, 4);
      assertEquals(Deno.readLinkSync(path), "c");
    });
  });
}
