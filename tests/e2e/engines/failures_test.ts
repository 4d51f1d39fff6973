import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { makeFifo } from "../../support/files/fifo.ts";
import { listNames } from "../../support/files/list_names.ts";
import { PLAIN_RIGHTS, plainRightsProblem } from "../../support/files/plain_rights.ts";
import { describeWithScene, variantName, VARIANTS, wrapEscp } from "../../support/scene.ts";
import { recordsOf } from "../../support/escp/state.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";

describeWithScene("a failed path", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    it(`that cannot be written does not stop the others: ${variantName(variant)}`, async () => {
      const tree = await scene.tree({
        "from/a": "a",
        "from/small": "small",
        "from/large": { size: 3 << 20 },
        "from/sub/x": "x",
        "from/sub/y/z": "z",
        "from/z": { size: 2 << 20 },
        // A directory instead of a file, and a file instead of a directory.
        "to/from/small/in the way": "",
        "to/from/large/in the way": "",
        "to/from/sub/y": "in the way",
      });
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r"],
        sources: [`${tree}/from`],
        target: `${tree}/to`,
      });
      assertEquals(code, 1, stderr);
      assertEquals(failuresOf(stderr), [
        `escp: Cannot create "${tree}/to/from/sub/y": Not a directory`,
        `escp: Cannot write "${tree}/to/from/large": Is a directory`,
        `escp: Cannot write "${tree}/to/from/small": Is a directory`,
      ], stderr);
      for (const name of ["a", "sub/x", "z"]) {
        assertEquals(await compareTrees(`${tree}/from/${name}`, `${tree}/to/from/${name}`), [], name);
      }
      // The completion log stays for the next run.
      assertEquals([temporaryFiles(tree), recordsOf(tree).map(({ kind }) => kind)], [[], ["run"]]);
    });

    it(`that is not a readable file does not stop the others: ${variantName(variant)}`, async () => {
      const tree = await scene.tree({
        "from/a": "a",
        "from/dangling": { link: "nowhere" },
        "from/loop": { link: "." },
      });
      makeFifo(`${tree}/from/fifo`);
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r"],
        sources: [`${tree}/from`, `${tree}/gone`],
        target: await scene.tree(),
      });
      assertEquals(code, 1, stderr);
      assertEquals(failuresOf(stderr), [
        `escp: Cannot read "${tree}/from/dangling": No such file or directory`,
        `escp: Cannot read "${tree}/from/loop": Too many levels of symbolic links`,
        `escp: Cannot read "${tree}/gone": No such file or directory`,
      ]);
      assertStringIncludes(stderr, `note: "${tree}/from/fifo": skipped: it is a FIFO\n`);
    });
  }
});

describeWithScene("missing permissions", { ignore: plainRightsProblem !== undefined }, (scene) => {
  let plain: Disposable;
  beforeAll(async () => plain = await wrapEscp(scene, { command: PLAIN_RIGHTS }));
  afterAll(() => plain[Symbol.dispose]());

  for (const variant of VARIANTS) {
    it(`stop only the files that they protect: ${variantName(variant)}`, async () => {
      const tree = await scene.tree({
        "from/a": "a",
        "from/secret": { content: "secret", mode: 0 },
        "from/large secret": { size: 2 << 20, mode: 0 },
        "from/closed/in": "in",
        "from/closed": { directory: true, mode: 0 },
        "from/z/z": { size: 2 << 20 },
      });
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r"],
        sources: [`${tree}/from`],
        target: `${tree}/to`,
      });
      assertEquals(code, 1, stderr);
      assertEquals(failuresOf(stderr), [
        `escp: Cannot read "${tree}/from/closed": Permission denied`,
        `escp: Cannot read "${tree}/from/large secret": Permission denied`,
        `escp: Cannot read "${tree}/from/secret": Permission denied`,
      ]);
      assertEquals(await Deno.readTextFile(`${tree}/to/a`), "a");
      assertEquals(await compareTrees(`${tree}/from/z`, `${tree}/to/z`), []);
      await Deno.chmod(`${tree}/from/closed`, 0o700);
    });

    it(`of the target directory are reported: ${variantName(variant)}`, async () => {
      const tree = await scene.tree({ "a": "a", "to/b": "b", "to": { directory: true, mode: 0o555 } });
      const { code, stderr } = await scene.copy(variant, { sources: [`${tree}/a`], target: `${tree}/to` });
      await Deno.chmod(`${tree}/to`, 0o755);
      assertEquals(code, 1, stderr);
      assertStringIncludes(stderr, `escp: Cannot write "${tree}/to/a": Permission denied`);
      assertEquals(listNames(`${tree}/to`).length, 1);
    });
  }
});

/** Returns the failures in alphabetical order. Each path has one. */
function failuresOf(stderr: string): string[] {
  const lines = stderr.split("\n").filter((line) => line.startsWith("escp: "));
  assert(new Set(lines).size === lines.length, stderr);
  return lines.sort();
}
