import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { listNames } from "../../support/files/list_names.ts";
import { describeWithScene, ENGINES, variantName, VARIANTS } from "../../support/scene.ts";

const TREE = {
  "large": { size: (5 << 20) + 7 },
  "directory/small": "small",
  "directory/empty": "",
  "directory/other": { size: 70_000 },
  "directory/link": { link: "small" },
};
const BYTES = (5 << 20) + 7 + 5 + 70_000;

describeWithScene("--ioengine dummy", (scene) => {
  let from: string;
  beforeAll(async () => {
    from = await scene.tree(TREE);
  });

  for (const variant of VARIANTS) {
    it(`sends synthetic data and writes nothing (${variantName(variant)})`, async () => {
      for (const ioengine of ["dummy", "posix::dummy"]) {
        const to = await scene.tree({ "new": "before" });
        const { code, stdout, stderr } = await scene.copy(variant, {
          flags: ["-r", "--symlinks=skip", "--json", "--ioengine", ioengine],
          // The existing file would obstruct a copy.
          sources: [from],
          target: `${to}/new`,
        });
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
        const { files, bytes, failed, dummy } = lastEvent(stdout);
        const expected = { files: 4, bytes: BYTES, failed: 0, dummy: ioengine === "dummy" ? "both" : "receiver" };
        assertEquals({ files, bytes, failed, dummy }, expected);
        assertEquals(listNames(to), ["new"]);
        assertEquals(await Deno.readTextFile(`${to}/new`), "before");
      }
    });

    it(`sends the same synthetic contents each time (${variantName(variant)})`, async () => {
      const copies: string[] = [];
      for (let round = 0; round < 2; round++) {
        const to = await scene.tree();
        const { code, stderr } = await scene.copy(variant, {
          flags: ["-r", "--symlinks=skip", "--ioengine=dummy::posix"],
          sources: [`${from}/.`],
          target: to,
        });
        assertEquals({ code, stderr }, { code: 0, stderr: "" });
        copies.push(to);
      }
      const [one, two] = copies;
      assertEquals(await compareTrees(one, two), []);
      const differences = await compareTrees(from, one);
      assertEquals(differences.map((line) => line.split(":")[0]).sort(), [
        ...["directory/link", "directory/other", "directory/small", "large"],
      ]);
      assert(!differences.some((line) => line.includes("bytes")), `sizes: ${differences}`);
    });
  }

  for (const engine of ENGINES) {
    it(`relays between two remote hosts and reports in the summary that nothing was written (${engine})`, async () => {
      const to = await scene.tree();
      const command = [...scene.sshd.sshOptions, "-D", `${scene.sshd.binDirectory}/${engine}/escp`, "-v"];
      const sources = [`testhost:${from}/large`, `testhost2:${to}/x`];
      for (
        const [ioengine, message] of [["dummy", /nothing was read or written/], ["posix::dummy", /nothing was written/]]
      ) {
        const { code, stderr } = await runEscp([...command, "--ioengine", `${ioengine}`, ...sources]);
        assertEquals(code, 0, stderr);
        assertMatch(stderr, message as RegExp);
      }
      assertEquals(listNames(to), []);
    });
  }

  it("needs no permission to read, and prints nothing on standard output", async () => {
    const tree = await scene.tree({ "closed": { size: 3 << 20, mode: 0 } });
    const { code, stdoutBytes } = await runEscp([
      ...scene.sshd.sshOptions,
      "--ioengine=dummy",
      `testhost:${tree}/closed`,
      "-",
    ]);
    assertEquals([code, stdoutBytes.length], [0, 0]);
  });
});
