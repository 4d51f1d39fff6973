import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { FileEngine } from "../../../src/files/engine/engine.ts";
import type { SourceRoot } from "../../../src/files/engine/source.ts";
import { cleanTree } from "../../../src/resume/clean/tree.ts";
import { fnv1a } from "../../../src/files/path/temporary_names.ts";
import type { LeftoverOptions } from "../../../src/resume/clean/leftovers.ts";
import { lockRecord } from "../../../src/resume/lock_record.ts";
import { encodeName } from "../../../src/protocol/names.ts";
import { ENGINES, isRoot, TempDirectory } from "../../files/file_engines.ts";
import { oldJournal, oldMark, oldName, oldRunLog, type OldStat } from "../../security/old_formats.ts";

const NAMES = { partial: oldName("big", "part"), journal: oldName("big", "journal") };
const TEMPORARY = ".escp-5f2a09c1-00000a01-0000002f.part";
/** A partial file of this version. */
const PARTIAL = `.escp-${"0123456789abcdef".repeat(2)}.part`;
const SOURCE: OldStat = { dev: 1, inode: 2, size: 9, mtime: 1, mtimeNs: 0, ctime: 1, ctimeNs: 0 };

/** Creates the leftovers of an abandoned copy of "big" by an earlier version. */
function leave(temp: TempDirectory, directory: string): void {
  temp.write(`${directory}/${NAMES.journal}`, oldJournal("big", SOURCE, new Uint8Array()));
  temp.write(`${directory}/${NAMES.partial}`, "123456789");
}

/** Creates the mark of an unfinished directory of an earlier version. */
function leaveMark(temp: TempDirectory, directory: string): void {
  const { name, contents } = oldMark("src", SOURCE);
  temp.write(`${directory}/${name}`, contents);
}

interface Cleaned {
  removed: string[];
  failed: string[];
  kept: number;
}

async function clean(
  temp: TempDirectory,
  engine: FileEngine,
  { path = temp.path, ...options }: Partial<LeftoverOptions> & { path?: string } = {},
): Promise<Cleaned> {
  const root: SourceRoot = { path, name: "x", kind: "folder", identity: { dev: 0, inode: 0 }, size: 0 };
  root.within = engine.paths.realPath(path);
  const removed: string[] = [];
  const failed: string[] = [];
  const tree = engine.openTree(root);
  try {
    const kept = await cleanTree(root, tree, {
      before: Infinity,
      beforeUnlocked: Infinity,
      dryRun: false,
      recorded: new Set(),
      onRemoved: ({ path }) => removed.push(path.slice(root.path.length + 1)),
      onFailed: ({ message }) => failed.push(message),
      yieldIfDue() {},
      ...options,
    });
    return { removed: removed.sort(), failed, kept };
  } finally {
    tree.close();
  }
}

for (const { title, make } of ENGINES) {
  describe(`cleanTree (${title})`, () => {
    it("removes partial files, temporary files and leftovers of earlier versions at any depth, and no other files", async () => {
      using temp = new TempDirectory();
      temp.directory("a/b");
      leave(temp, "a/b");
      temp.write(`a/${TEMPORARY}`, "12");
      temp.write(`a/${PARTIAL}`, "without a record");
      temp.write(`a/${NAMES.partial}`, "without its journal");
      leaveMark(temp, "a");
      const mark = temp.list().find((name) => name.endsWith(".unfinished"))!;
      temp.write("a/b/file");
      const { removed, failed, kept } = await clean(temp, make());
      assertEquals({ failed, kept }, { failed: [], kept: 0 });
      const expected = [mark, TEMPORARY, PARTIAL, NAMES.partial, `b/${NAMES.journal}`, `b/${NAMES.partial}`];
      assertEquals(removed, expected.map((name) => name === mark ? name : `a/${name}`).sort());
      assertEquals(temp.list(), ["a/", "a/b/", "a/b/file"]);
    });

    it("removes the run log of an earlier version, unless a copy uses it", async () => {
      using temp = new TempDirectory();
      const name = oldName("/target", "run");
      temp.write(name, oldRunLog("/target", [{ name: "a", source: SOURCE, target: SOURCE }]));
      const lock = (await lockRecord(temp.at(name)))!;
      const used = await clean(temp, make());
      assertEquals([used.removed, used.kept], [[], 1]);
      lock.close();
      const { removed, failed, kept } = await clean(temp, make());
      assertEquals({ removed, failed, kept }, { removed: [name], failed: [], kept: 0 });
      assertEquals(temp.list(), []);
    });

    it("skips partial files that belong to records", async () => {
      using temp = new TempDirectory();
      temp.write(PARTIAL, "1");
      temp.write(PARTIAL.replace("0", "1"), "2");
      const { removed, kept } = await clean(temp, make(), { recorded: new Set([PARTIAL]) });
      assertEquals([removed, kept, temp.list()], [[PARTIAL.replace("0", "1")], 0, [PARTIAL]]);
    });

    it("reports the disk usage of removed files", async () => {
      using temp = new TempDirectory();
      temp.write(TEMPORARY, "12");
      const sparse = temp.write(TEMPORARY.replace("2f", "30"));
      Deno.truncateSync(sparse, 1 << 30);
      const bytes: number[] = [];
      await clean(temp, make(), { onRemoved: (entry) => bytes.push(entry.bytes) });
      assertEquals(bytes.sort(), [0, 2]);
    });

    it("keeps files with similar names", async () => {
      using temp = new TempDirectory();
      const names = [
        ".escp-.part",
        `${PARTIAL}.gz`,
        PARTIAL.replace("a", "A"),
        ".escp-5f2a09c1-00000a01-0000002f.part.gz",
        ".escp-5f2a09c1-00000a01-2f.part",
        "x.escp-5f2a09c1-00000a01-0000002f.part",
        ".escp-0123456789ABCDEF.part",
        ".escp-0123456789abcde.part",
        ".escp-0123456789abcdef.part~",
        ".escp-notes.journal",
        // Files with names of marks, journals and run logs, and other contents.
        ".escp-0123456789abcdef.unfinished",
        ".escp-0123456789abcdef.journal",
        ".escp-0123456789abcdef.run",
        // The partial file of an invalid journal.
        ".escp-0123456789abcdef.part",
      ];
      for (const name of names) temp.write(name, "mine");
      // A mark whose contents do not match its name, and a text that is not a mark but matches its name.
      temp.write(".escp-0123456789abcdee.unfinished", "escp unfinished 1\n1:2 src\n");
      const text = "not a mark";
      const hash = fnv1a(encodeName(text));
      temp.write(`.escp-${hash}.unfinished`, text);
      names.push(".escp-0123456789abcdee.unfinished", `.escp-${hash}.unfinished`);
      // A journal whose contents do not match its name.
      temp.write(NAMES.journal, oldJournal("small", SOURCE, new Uint8Array()));
      temp.directory(TEMPORARY);
      assertEquals(await clean(temp, make()), { removed: [], failed: [], kept: 0 });
      assertEquals(temp.list(), [...names, NAMES.journal, `${TEMPORARY}/`].sort());
    });

    it("keeps files that a running copy has locked, and the marks of their ancestors", async () => {
      using temp = new TempDirectory();
      temp.directory("dir/sub");
      leave(temp, "dir/sub");
      leaveMark(temp, "dir");
      const before = temp.list();
      const journal = (await lockRecord(temp.at(`dir/sub/${NAMES.journal}`)))!;
      assertEquals(await clean(temp, make()), { removed: [], failed: [], kept: 3 });
      assertEquals(temp.list(), before);
      journal.close();
      assertEquals((await clean(temp, make())).removed.length, 3);
    });

    it("keeps a partial file with a temporary name while it is locked", async () => {
      using temp = new TempDirectory();
      temp.write(TEMPORARY, "part");
      const lock = Deno.openSync(temp.at(TEMPORARY), { write: true });
      await lock.lock(true);
      assertEquals(await clean(temp, make()), { removed: [], failed: [], kept: 1 });
      lock.close();
      assertEquals(await clean(temp, make()), { removed: [TEMPORARY], failed: [], kept: 0 });
    });

    it("keeps files that are too recent, and the marks of their ancestors", async () => {
      using temp = new TempDirectory();
      temp.directory("dir/sub");
      leave(temp, "dir/sub");
      temp.write(`dir/${TEMPORARY}`);
      leaveMark(temp, "dir");
      const before = temp.list();
      // The mtime does not count, because a copy sets it to that of the source.
      for (const name of before) Deno.utimeSync(temp.at(name), 1, 1);
      const minute = 60_000;
      const old = await clean(temp, make(), { before: Date.now() - minute, beforeUnlocked: Date.now() - minute });
      assertEquals(old, { removed: [], failed: [], kept: 4 });
      const unlocked = await clean(temp, make(), { beforeUnlocked: Date.now() - minute, dryRun: true });
      assertEquals(unlocked.removed, [`dir/sub/${NAMES.journal}`, `dir/sub/${NAMES.partial}`]);
      assertEquals(temp.list(), before);
    });

    it("keeps the mark of a directory that was changed recently", async () => {
      using temp = new TempDirectory();
      temp.directory("dir/sub/deep");
      leaveMark(temp, "dir");
      const now = Date.now();
      for (const name of ["dir/sub", "dir"]) Deno.utimeSync(temp.at(name), 1, 1);
      const later = new Date(now + 3_600_000);
      Deno.utimeSync(temp.at("dir/sub/deep"), later, later);
      const half = { before: now + 1_800_000, beforeUnlocked: now + 1_800_000 };
      assertEquals((await clean(temp, make(), half)).kept, 1);
      Deno.utimeSync(temp.at("dir/sub/deep"), 1, 1);
      assertEquals((await clean(temp, make(), half)).removed.length, 1);
    });

    it("a dry run changes nothing and reports the same files", async () => {
      using temp = new TempDirectory();
      temp.directory("a");
      leave(temp, "a");
      temp.write(TEMPORARY);
      const before = temp.list();
      const dry = await clean(temp, make(), { dryRun: true });
      assertEquals(temp.list(), before);
      assertEquals(dry.removed.length, 3);
      assertEquals(await clean(temp, make()), dry);
    });

    it("follows no symbolic links, and removes one with a temporary name", async () => {
      using temp = new TempDirectory();
      temp.directory("in");
      temp.directory("out");
      leave(temp, "out");
      temp.write("out/file");
      Deno.symlinkSync("../out", temp.at("in/link"));
      Deno.symlinkSync("../out/file", temp.at(`in/${TEMPORARY}`));
      Deno.symlinkSync(`../out/${NAMES.journal}`, temp.at(`in/${NAMES.journal}`));
      Deno.symlinkSync(`../out/${NAMES.partial}`, temp.at(`in/${oldName("other", "part")}`));
      const { removed, failed } = await clean(temp, make(), { path: temp.at("in") });
      assertEquals({ removed, failed }, { removed: [TEMPORARY], failed: [] });
      assertEquals(temp.list("out"), [NAMES.journal, NAMES.partial, "file"].sort());
      // A link that the user names is followed.
      assertEquals((await clean(temp, make(), { path: temp.at("in/link") })).removed.length, 2);
    });

    it("does not enter a directory that was replaced by a link", async () => {
      using temp = new TempDirectory();
      temp.directory("in/sub/below");
      temp.directory("out/below");
      leave(temp, "out/below");
      let turns = 0;
      const { removed, failed } = await clean(temp, make(), {
        path: temp.at("in"),
        yieldIfDue() {
          // The third call comes before the first subdirectory is entered.
          if (++turns !== 3) return;
          Deno.renameSync(temp.at("in/sub"), temp.at("was"));
          Deno.symlinkSync("../out", temp.at("in/sub"));
        },
      });
      assertEquals(failed, [`Cannot read "${temp.at("in/sub")}": it is a symbolic link`]);
      assertEquals(removed, []);
      assertEquals(temp.list("out"), ["below/", `below/${NAMES.journal}`, `below/${NAMES.partial}`]);
    });

    it(
      "reports an unreadable directory, continues, and keeps the marks of its ancestors",
      { ignore: isRoot },
      async () => {
        using temp = new TempDirectory();
        temp.directory("dir/closed", 0);
        temp.directory("dir/open");
        temp.write(`dir/open/${TEMPORARY}`);
        leaveMark(temp, "dir");
        const { removed, failed, kept } = await clean(temp, make());
        assertEquals(failed, [`Cannot read "${temp.at("dir/closed")}": Permission denied`]);
        assertEquals({ removed, kept }, { removed: [`dir/open/${TEMPORARY}`], kept: 1 });
      },
    );

    it("reports a file that cannot be removed", { ignore: isRoot }, async () => {
      using temp = new TempDirectory();
      temp.directory("dir");
      temp.write(`dir/${TEMPORARY}`);
      Deno.chmodSync(temp.at("dir"), 0o500);
      const { removed, failed } = await clean(temp, make());
      assertEquals({ removed, failed }, {
        removed: [],
        failed: [`Cannot remove "${temp.at(`dir/${TEMPORARY}`)}": Permission denied`],
      });
    });

    it(
      "cleans a tree that is deeper than the maximum length of a path",
      { ignore: title === "portable" },
      async () => {
        using temp = new TempDirectory();
        const name = "x".repeat(200);
        // The shell enters the directories one by one.
        const down = `mkdir ${name} && cd -P ./${name} || exit 1`;
        const script = `i=0; while [ $i -lt 30 ]; do ${down}; i=$((i+1)); done; : > ${TEMPORARY}`;
        const shell = new Deno.Command("sh", { args: ["-c", script], cwd: temp.path, stderr: "null" });
        assertEquals((await shell.output()).code, 0);
        const { removed, failed } = await clean(temp, make());
        assertEquals([removed.length, failed], [1, []]);
      },
    );
  });
}
