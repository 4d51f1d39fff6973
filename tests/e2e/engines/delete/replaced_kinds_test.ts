import { assertEquals, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { pathsIn } from "../../../support/files/paths_in.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

const LARGE = { size: 3 << 20, seed: 1 };
const SOURCE = {
  "s/small": "small",
  "s/large": LARGE,
  "s/link": { link: "small" },
  "s/name": { hardLink: "s/small" },
  "s/dir/a": "a",
  "s/dir/deep/large": LARGE,
  "s/linked/b": "b",
};
const TARGET = {
  "t/s/small/x/y": "y",
  "t/s/large/x": "x",
  "t/s/link/x": "x",
  "t/s/name/x": "x",
  "t/s/dir": "file",
  "t/s/linked": { link: "../../outside" },
  "t/s/extra": "extra",
  "outside/b": "outside",
} as const;
const DELETED = ["extra", "large/", "large/x", "link/", "link/x", "name/", "name/x", "small/", "small/x/", "small/x/y"];

describeWithScene("--delete with entries of another kind", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    const name = variantName(variant);

    it(`replaces them (${name})`, async () => {
      for (const flags of [["-v"], ["-v", "-u"], ["-v", "--checksum"]]) {
        const tree = await scene.tree({ ...SOURCE, ...TARGET });
        const operands = { sources: [`${tree}/s`], target: `${tree}/t` };
        const { code, stderr } = await scene.copy(variant, { flags: ["-a", "--delete", ...flags], ...operands });
        const deleted = Array.from(stderr.matchAll(/^deleted "s\/(.*)"$/gm), ([, path]) => path).sort();
        assertEquals([code, deleted], [0, DELETED], `${flags}: ${stderr}`);
        assertStringIncludes(stderr, `, ${DELETED.length} deleted`);
        assertEquals(await compareTrees(`${tree}/s`, `${tree}/t/s`), []);
        assertEquals(Deno.readTextFileSync(`${tree}/outside/b`), "outside");
      }
    });

    it(`lists them with -n as replaced (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...TARGET });
      const before = pathsIn(`${tree}/t`);
      const copy = { flags: ["-a", "-n", "-v", "--delete"], sources: [`${tree}/s`], target: `${tree}/t` };
      const { code, stdout, stderr } = await scene.copy(variant, copy);
      const lines = stdout.trimEnd().split("\n").map((line) => line.replace(/ +/, " ")).sort();
      const replaced = ["dir/", "large", "link", "linked/", "name", "small"].map((path) => `replace s/${path}`);
      const sent = ["dir/a", "dir/deep/large", "linked/b"].map((path) => `send s/${path}`);
      assertEquals([code, lines], [0, ["create s/dir/deep/", "remove s/extra", ...replaced, ...sent]]);
      assertStringIncludes(stderr, "dry run: 7 files to copy");
      assertEquals(pathsIn(`${tree}/t`), before);
    });

    it(`keeps them without --delete, and with --max-delete (${name})`, async () => {
      for (const flags of [["-a"], ["-a", "--delete", "--max-delete", "100"]]) {
        const tree = await scene.tree({ "s/x": "x", "t/s/x/y": "y", "t/s/z": "z" });
        const { code, stderr } = await scene.copy(variant, { flags, sources: [`${tree}/s`], target: `${tree}/t` });
        assertEquals(code, 1);
        assertStringIncludes(stderr, `Cannot write "${tree}/t/s/x": Is a directory`);
        assertEquals(pathsIn(`${tree}/t/s`), ["x", "x/y", "z"]);
      }
    });

    it(`keeps a directory with excluded files (${name})`, async () => {
      const tree = await scene.tree({ "s/x": "x", "t/s/x/y.o": "y", "t/s/x/z": "z" });
      const copy = { flags: ["-a", "--delete", "--exclude", "*.o"], sources: [`${tree}/s`], target: `${tree}/t` };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals(code, 1);
      assertStringIncludes(stderr, `Cannot remove "${tree}/t/s/x": it contains excluded or temporary files`);
      assertEquals(pathsIn(`${tree}/t/s`), ["x", "x/y.o", "x/z"]);
    });

    it(`never replaces an entry of one source by that of another (${name})`, async () => {
      const tree = await scene.tree({ "one/s/x": "x", "two/s/x/y": "y", "t": { directory: true } });
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-a", "--delete"],
        sources: [`${tree}/one/s`, `${tree}/two/s`],
        target: `${tree}/t`,
      });
      assertEquals(code, 1);
      assertStringIncludes(stderr, `"${tree}/t/s/x`);
      // Either of them may come first.
      const paths = pathsIn(`${tree}/t/s`);
      assertEquals(paths, paths.length === 1 ? ["x"] : ["x", "x/y"]);
    });
  }
});
