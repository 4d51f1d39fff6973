import { assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { walkFilesSync } from "../../../../scripts/walk_files.ts";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { describeWithScene, rotatingVariants, variantName, VARIANTS } from "../../../support/scene.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";

/** Source and target, relative to the same directory. */
interface Case {
  name: string;
  sources: string[];
  target: string;
}

const SAME: Case[] = [
  { name: "a file onto itself", sources: ["file"], target: "file" },
  { name: "a large file onto itself", sources: ["large"], target: "large" },
  { name: "a file into its own directory", sources: ["file"], target: "." },
  { name: "a file onto a link to it", sources: ["file"], target: "link" },
  { name: "a link onto its file", sources: ["link"], target: "file" },
  { name: "a file onto another name of it", sources: ["file"], target: "second" },
  { name: "a directory onto itself", sources: ["dir"], target: "." },
  { name: "the contents of a directory onto itself", sources: ["dir/."], target: "dir" },
];

const REFUSED: Case[] = [
  { name: "a directory into itself", sources: ["dir"], target: "dir" },
  { name: "a directory to a new name in itself", sources: ["dir"], target: "dir/new" },
  { name: "a directory deep into itself", sources: ["dir"], target: "dir/sub" },
  { name: "a directory into itself through a link", sources: ["dir"], target: "inside" },
];

const TREE: TreeEntries = {
  "file": "file",
  "second": { hardLink: "file" },
  "large": { size: 5 << 20 },
  "link": { link: "file" },
  "dir/a": "a",
  "dir/sub/b": "b",
  "inside": { link: "dir/sub" },
};

describeWithScene("a source that is its own target", { inProcess: true }, (scene) => {
  let untouched: string;
  beforeAll(async () => {
    untouched = await scene.tree(TREE);
  });

  SAME.forEach(({ name, sources, target }, index) => {
    for (const flags of [["-r"], ["-a"], ["-r", "--verify"]]) {
      it(`is not changed, with a note: ${name} (${flags.join(" ")})`, async () => {
        await Promise.all(
          rotatingVariants(index + flags.length).map(async (variant) => {
            const tree = await scene.tree(TREE);
            const before = inodes(tree);
            const { code, stderr } = await scene.copy(variant, {
              flags,
              sources: sources.map((source) => `${tree}/${source}`),
              target: `${tree}/${target}`,
            });
            assertEquals(code, 0, `${variantName(variant)}: ${stderr}`);
            assertMatch(stderr, /^note: ".*" was left alone: source and target are the same$/m, variantName(variant));
            assertEquals(inodes(tree), before, variantName(variant));
            assertEquals(await compareTrees(untouched, tree, { modes: true }), [], variantName(variant));
          }),
        );
      });
    }
  });

  it("does not prevent the copy of the other sources", async () => {
    await Promise.all(VARIANTS.map(async (variant) => {
      const tree = await scene.tree({ ...TREE, "other/new": "new" });
      const before = inodes(tree);
      const { code, stderr } = await scene.copy(variant, {
        sources: [`${tree}/file`, `${tree}/other/new`, `${tree}/large`],
        target: tree,
      });
      assertEquals(code, 0, stderr);
      assertMatch(stderr, /^note: ".*\/file" and 1 other were left alone: source and target are the same$/m);
      assertEquals(Deno.readTextFileSync(`${tree}/new`), "new");
      await Deno.remove(`${tree}/new`);
      assertEquals(inodes(tree), before);
      await Deno.remove(`${tree}/other`, { recursive: true });
      assertEquals(await compareTrees(untouched, tree, { modes: true }), []);
    }));
  });

  for (const [index, flags] of [["-r"], ["-a"], ["-r", "-u"], ["-r", "--no-resume"]].entries()) {
    it(`is not changed in a tree, under another name of the same file (${flags.join(" ")})`, async () => {
      await Promise.all(
        rotatingVariants(index).map(async (variant) => {
          const tree = await scene.tree({
            "dir/a": "a",
            "dir/b": "b",
            "dir/sub/large": { size: 3 << 20 },
            "to/dir/sub": { directory: true },
          });
          for (const name of ["a", "sub/large"]) await Deno.link(`${tree}/dir/${name}`, `${tree}/to/dir/${name}`);
          const before = inodes(tree);
          const copy = { flags, sources: [`${tree}/dir`], target: `${tree}/to` };
          const { code, stderr } = await scene.copy(variant, copy);
          const shown = `${variantName(variant)}: ${stderr}`;
          assertEquals(code, 0, shown);
          const note = /^note: ".*\/to\/dir\/.*" and 1 other were left alone: source and target are the same$/m;
          if (!flags.includes("-u")) assertMatch(stderr, note, shown);
          assertEquals(await compareTrees(`${tree}/dir`, `${tree}/to/dir`), [], shown);
          assertEquals(inodes(tree).filter((line) => !line.startsWith("to/dir/b ")), before, shown);
        }),
      );
    });
  }
});

describeWithScene("a directory is not copied into itself", { inProcess: true }, (scene) => {
  REFUSED.forEach(({ name, sources, target }, index) => {
    it(name, async () => {
      const untouched = await scene.tree(TREE);
      await Promise.all(
        rotatingVariants(index).map(async (variant) => {
          const tree = await scene.tree(TREE);
          const { code, stderr } = await scene.copy(variant, {
            flags: ["-r"],
            sources: sources.map((source) => `${tree}/${source}`),
            target: `${tree}/${target}`,
          });
          assertEquals(code, 1, `${variantName(variant)}: ${stderr}`);
          assertMatch(stderr, /^escp: Cannot copy .*(into itself|Is a directory)/, variantName(variant));
          assertEquals(await compareTrees(untouched, tree, { modes: true }), [], variantName(variant));
        }),
      );
    });
  });
});

/** Returns the path, inode and mtime of each file of a tree. */
function inodes(tree: string): string[] {
  return Array.from(walkFilesSync(tree), ({ path, below }) => {
    const { ino, mtime } = Deno.lstatSync(path);
    return `${below} ${ino} ${mtime?.getTime()}`;
  }).sort();
}
