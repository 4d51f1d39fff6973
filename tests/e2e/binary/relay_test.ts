import { assertEquals, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { describeWithScene, ENGINES } from "../../support/scene.ts";

describeWithScene("a copy between two remote hosts", (scene) => {
  const copy = (...args: string[]) => runEscp([...scene.sshd.sshOptions, ...args]);
  const contents = {
    "small": "small",
    "empty": "",
    "directory/large": { size: 9 << 20, seed: 3 },
    "directory/hollow": { directory: true as const },
  };

  for (const engine of ENGINES) {
    for (const streams of ["1", "4"]) {
      it(`passes through this machine without touching its files (${engine}, ${streams} streams)`, async () => {
        const from = await scene.tree(contents);
        const to = await scene.tree();
        const result = await copy("-r", "--engine", engine, "-t", streams, `testhost:${from}`, `testhost2:${to}/new`);
        assertEquals({ code: result.code, stderr: result.stderr }, { code: 0, stderr: "" });
        assertEquals(await compareTrees(from, `${to}/new`), []);
      });
    }
  }

  it("refuses a target that is not a directory before anything is written", async () => {
    const from = await scene.tree({ one: "1", two: "2" });
    const { code, stderr } = await copy(`testhost:${from}/one`, `testhost:${from}/two`, `testhost2:${from}/three`);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "No such file or directory");
    assertEquals(await compareTrees(from, await scene.tree({ one: "1", two: "2" })), []);
  });

  it("reports failed reads and writes, and copies the rest", async () => {
    const from = await scene.tree({ "tree/good": "good", "tree/taken": "file", "tree/gone": { link: "nowhere" } });
    const to = await scene.tree({ "tree/taken/in/the/way": "" });
    const { code, stderr } = await copy("-r", `testhost:${from}/tree`, `testhost2:${to}`);
    assertEquals(code, 1);
    assertStringIncludes(stderr, `${from}/tree/gone": No such file or directory`);
    assertStringIncludes(stderr, `${to}/tree/taken": Is a directory`);
    assertEquals(await Deno.readTextFile(`${to}/tree/good`), "good");
  });

  it("refuses to copy a directory into itself under another host name", async () => {
    const from = await scene.tree({ "tree/file": "1" });
    const { code, stderr } = await copy("-r", `testhost:${from}/tree`, `testhost2:${from}/tree/below`);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "into itself");
  });

  it("is run by the first host with -R", async () => {
    const from = await scene.tree({ "a 'file'": "quoted" });
    const to = await scene.tree();
    // The first host does not know testhost2.
    const { code, stderr } = await copy("-R", `testhost:${from}/a 'file'`, `testhost2:${to}/`);
    assertEquals(code, 255);
    assertStringIncludes(stderr, "testhost2");
  });
});
