import { assertEquals, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { describeWithScene, rotatingVariants, variantName, VARIANTS } from "../../../support/scene.ts";

describeWithScene("the selection of files", { inProcess: true }, (scene) => {
  const pulls = VARIANTS.filter(({ direction }) => direction === "pull");

  for (const variant of pulls) {
    it(`follows globs on the remote host: ${variantName(variant)}`, async () => {
      const from = await scene.tree({ "a1.log": "1", "a2.log": "2", "b.txt": "3", ".a3.log": "4", "deep/a4.log": "5" });
      const to = await scene.tree();
      const sources = [`${from}/a*.{log,bak}`, `${from}/**/a4.l[a-p]g`];
      const { code, stderr } = await scene.copy(variant, { sources, target: to });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(await compareTrees(to, await scene.tree({ "a1.log": "1", "a2.log": "2", "a4.log": "5" })), []);
    });

    it(`contains the file with the literal name if a pattern matches nothing: ${variantName(variant)}`, async () => {
      const from = await scene.tree({ "what[1]?": "literal" });
      const to = await scene.tree();
      const copied = await scene.copy(variant, { sources: [`${from}/what[1]?`], target: to });
      assertEquals(copied.code, 0, copied.stderr);
      assertEquals(await Deno.readTextFile(`${to}/what[1]?`), "literal");
      const missing = await scene.copy(variant, { sources: [`${from}/nothing*`], target: to });
      assertEquals(missing.code, 1);
      assertStringIncludes(missing.stderr, "nothing*");
    });

    it(`requires a directory as the target if a glob matches several files: ${variantName(variant)}`, async () => {
      const from = await scene.tree({ one: "1", two: "2" });
      const { code, stderr } = await scene.copy(variant, { sources: [`${from}/{one,two}`], target: `${from}/three` });
      assertEquals(code, 1);
      assertStringIncludes(stderr, "No such file or directory");
    });
  }

  for (const variant of rotatingVariants(0)) {
    it(`follows the first filter rule that matches: ${variantName(variant)}`, async () => {
      const from = await scene.tree({
        "t/keep.o": "1",
        "t/drop.o": "2",
        "t/a.c": "3",
        "t/.git/config": "4",
        "t/sub/b.c": "5",
        "t/sub/tmp1": "6",
      });
      const to = await scene.tree();
      const flags = [
        "-r",
        "--include",
        "keep.o",
        "--exclude",
        "*.o",
        "--exclude",
        ".git/",
        "--exclude-regex",
        "tmp[0-9]$",
      ];
      const { code, stderr } = await scene.copy(variant, { flags, sources: [`${from}/t`], target: to });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      const expected = await scene.tree({ "t/keep.o": "1", "t/a.c": "3", "t/sub/b.c": "5" });
      assertEquals(await compareTrees(to, expected), []);
    });

    it(`includes symbolic and hard links with -a: ${variantName(variant)}`, async () => {
      const from = await scene.tree({
        "t/file": { content: "once", mode: 0o640 },
        "t/large": { size: 3 << 20 },
        "t/sub/again": { hardLink: "t/file" },
        "t/sub/large": { hardLink: "t/large" },
        "t/link": { link: "sub/again" },
        "t/dangling": { link: "/nowhere" },
      });
      const to = await scene.tree();
      const { code, stderr } = await scene.copy(variant, { flags: ["-a"], sources: [`${from}/t`], target: to });
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(await compareTrees(from, to, { modes: true }), []);
      const inode = async (path: string) => (await Deno.stat(`${to}/t/${path}`)).ino;
      assertEquals(await inode("sub/again"), await inode("file"));
      assertEquals(await inode("sub/large"), await inode("large"));
    });
  }
});
