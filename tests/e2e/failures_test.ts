import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../support/compare_trees.ts";
import { describeWithSshd } from "../support/needs_sshd.ts";
import { recordsOf } from "../support/state.ts";
import { plainRightsProblem, useAsEscp, writePlainEscp } from "./plain_rights.ts";
import { ENGINES, type Scene, startScene, wayName, WAYS } from "./scene.ts";
import { temporaryFiles } from "./temporary_files.ts";

describeWithSshd("one path that fails does not stop the others", () => {
  let scene: Scene;
  beforeAll(async () => {
    scene = await startScene();
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  for (const way of WAYS) {
    it(`when it cannot be written: ${wayName(way)}`, async () => {
      const tree = await scene.tree({
        "from/a": "a",
        "from/small": "small",
        "from/large": { size: 3 << 20 },
        "from/sub/x": "x",
        "from/sub/y/z": "z",
        "from/z": { size: 2 << 20 },
        // A directory in place of a file, and a file in place of a directory.
        "to/from/small/in the way": "",
        "to/from/large/in the way": "",
        "to/from/sub/y": "in the way",
      });
      const { code, stderr } = await scene.copy(way, {
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
      // What was finished is remembered.
      assertEquals([temporaryFiles(tree), recordsOf(tree).map(({ kind }) => kind)], [[], ["run"]]);
    });

    it(`when it is no file: ${wayName(way)}`, async () => {
      const tree = await scene.tree({
        "from/a": "a",
        "from/dangling": { link: "nowhere" },
        "from/loop": { link: "." },
      });
      await new Deno.Command("mkfifo", { args: [`${tree}/from/fifo`] }).output();
      const { code, stderr } = await scene.copy(way, {
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

describeWithSshd("permissions", { ignore: plainRightsProblem !== undefined }, () => {
  let scene: Scene;
  let plain: Disposable;
  beforeAll(async () => {
    scene = await startScene();
    for (const engine of ENGINES) {
      const inner = `${scene.sshd.binDirectory}/${engine}`;
      await Deno.rename(`${inner}/escp`, `${inner}/inner`);
      await Deno.rename(await writePlainEscp(inner, [`${inner}/inner`]), `${inner}/escp`);
    }
    plain = useAsEscp(await writePlainEscp(scene.sshd.binDirectory));
  });
  afterAll(async () => {
    plain[Symbol.dispose]();
    await scene[Symbol.asyncDispose]();
  });

  for (const way of WAYS) {
    it(`that are missing stop only what they protect: ${wayName(way)}`, async () => {
      const tree = await scene.tree({
        "from/a": "a",
        "from/secret": { content: "secret", mode: 0 },
        "from/large secret": { size: 2 << 20, mode: 0 },
        "from/closed/in": "in",
        "from/closed": { directory: true, mode: 0 },
        "from/z/z": { size: 2 << 20 },
      });
      const { code, stderr } = await scene.copy(way, {
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

    it(`of the target directory are named: ${wayName(way)}`, async () => {
      const tree = await scene.tree({ "a": "a", "to/b": "b", "to": { directory: true, mode: 0o555 } });
      const { code, stderr } = await scene.copy(way, { sources: [`${tree}/a`], target: `${tree}/to` });
      await Deno.chmod(`${tree}/to`, 0o755);
      assertEquals(code, 1, stderr);
      assertStringIncludes(stderr, `escp: Cannot write "${tree}/to/a": Permission denied`);
      assertEquals([...Deno.readDirSync(`${tree}/to`)].length, 1);
    });
  }
});

/** Lines that tell of a failure, sorted; each path has one. */
function failuresOf(stderr: string): string[] {
  const lines = stderr.split("\n").filter((line) => line.startsWith("escp: "));
  assert(new Set(lines).size === lines.length, stderr);
  return lines.sort();
}
