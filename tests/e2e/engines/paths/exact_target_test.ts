import { assertEquals, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

const SOURCE = { "s/a": "a", "s/sub/b": "b" };
const EXACT = "--no-target-directory";

describeWithScene("--no-target-directory", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    const name = variantName(variant);

    it(`makes the target the copy of a directory, repeatedly (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, "old/a": "old", "old/other": "other" });
      for (const target of ["new", "new", "new/", "old"]) {
        const copy = { flags: ["-r", EXACT], sources: [`${tree}/s`], target: `${tree}/${target}` };
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals([code, stderr], [0, ""], target);
      }
      assertEquals(await compareTrees(`${tree}/s`, `${tree}/new`), []);
      assertEquals(Deno.readTextFileSync(`${tree}/old/a`), "a");
      assertEquals(Deno.readTextFileSync(`${tree}/old/other`), "other");
    });

    it(`copies a file to a new or existing file (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, "old": "old" });
      for (const target of ["old", "new"]) {
        const copy = { flags: [EXACT], sources: [`${tree}/s/a`], target: `${tree}/${target}` };
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals([code, stderr], [0, ""]);
        assertEquals(Deno.readTextFileSync(`${tree}/${target}`), "a");
      }
    });

    it(`refuses a file onto a directory, and a directory onto a file (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, "dir/x": "x", "file": "old" });
      const onto = (source: string, target: string, ...flags: string[]) =>
        scene.copy(variant, {
          flags: ["-r", EXACT, ...flags],
          sources: [`${tree}/${source}`],
          target: `${tree}/${target}`,
        });
      const ontoDirectory = await onto("s/a", "dir");
      assertEquals(ontoDirectory.code, 1);
      assertStringIncludes(ontoDirectory.stderr, `Cannot write "${tree}/dir": Is a directory`);
      const ontoFile = await onto("s", "file");
      assertEquals(ontoFile.code, 1);
      assertStringIncludes(ontoFile.stderr, `Cannot copy to "${tree}/file": Not a directory`);
      const intoNew = await onto("s/a", "none/", "--mkpath");
      assertEquals(intoNew.code, 1);
      assertEquals(Array.from(Deno.readDirSync(`${tree}/dir`), ({ name }) => name), ["x"]);
      assertEquals(Deno.readTextFileSync(`${tree}/file`), "old");
    });
  }

  it("refuses a pattern that matches several sources", async () => {
    const tree = await scene.tree({ ...SOURCE, "t/x": "x" });
    const variant = { direction: "pull", engine: VARIANTS[0].engine, streams: 1 } as const;
    const { code, stderr } = await scene.copy(variant, {
      flags: ["-r", EXACT],
      sources: [`${tree}/s/*`],
      target: `${tree}/t`,
    });
    assertEquals(code, 1);
    assertStringIncludes(stderr, "Cannot copy several sources to ");
    assertEquals(Array.from(Deno.readDirSync(`${tree}/t`), ({ name }) => name), ["x"]);
  });

  it("applies to the target of a copy between two remote hosts", async () => {
    const tree = await scene.tree({ ...SOURCE, "t/x": "x" });
    const hosts = [`testhost:${tree}/s`, `testhost2:${tree}/t`];
    const { code, stderr } = await runEscp([...scene.sshd.sshOptions, "-r", EXACT, ...hosts]);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(Deno.readTextFileSync(`${tree}/t/sub/b`), "b");
  });
});
