import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { describeWithScene, rotatingVariants, variantName, VARIANTS } from "../../support/scene.ts";
import type { TreeEntries } from "../../support/files/temp_tree.ts";

/** Sources and targets, relative to the same directory. */
const REFUSED: { name: string; sources: string[]; target: string }[] = [
  { name: "a file onto itself", sources: ["file"], target: "file" },
  { name: "a large file onto itself", sources: ["large"], target: "large" },
  { name: "a file into its own directory", sources: ["file"], target: "." },
  { name: "a file onto a link to it", sources: ["file"], target: "link" },
  { name: "a link onto its file", sources: ["link"], target: "file" },
  { name: "a file onto another name of it", sources: ["file"], target: "second" },
  { name: "a directory onto itself", sources: ["dir"], target: "." },
  { name: "a directory into itself", sources: ["dir"], target: "dir" },
  { name: "a directory to a new name in itself", sources: ["dir"], target: "dir/new" },
  { name: "a directory deep into itself", sources: ["dir"], target: "dir/sub" },
  { name: "a directory into itself through a link", sources: ["dir"], target: "inside" },
  { name: "the contents of a directory into itself", sources: ["dir/."], target: "dir" },
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

describeWithScene("a source that is its own target is refused", (scene) => {
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
          assertMatch(stderr, /^escp: Cannot copy .*(same file|into itself|Is a directory)/, variantName(variant));
          assertEquals(await compareTrees(untouched, tree), [], variantName(variant));
        }),
      );
    });
  });

  it("inside of a directory that is copied onto another one is skipped", async () => {
    await Promise.all(VARIANTS.map(async (variant) => {
      const tree = await scene.tree({ "dir/a": "a", "dir/large": { size: 3 << 20 }, "to": { directory: true } });
      await Deno.mkdir(`${tree}/to/dir`);
      await Deno.link(`${tree}/dir/a`, `${tree}/to/dir/a`);
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r"],
        sources: [`${tree}/dir`],
        target: `${tree}/to`,
      });
      assertEquals({ code, stderr }, { code: 0, stderr: "" }, variantName(variant));
      assertEquals(await compareTrees(`${tree}/dir`, `${tree}/to/dir`), [], variantName(variant));
    }));
  });
});
