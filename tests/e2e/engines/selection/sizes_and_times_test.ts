import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { oldEscpFlags } from "../../../support/escp/old_escp.ts";
import { pathsIn } from "../../../support/files/paths_in.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

const MIB = 1 << 20;
const SOURCE: TreeEntries = {
  "from/a/none": "",
  "from/a/small": "123",
  "from/b/large": { size: 2 * MIB + 1 },
  "from/b/link": { link: "../a/small" },
  "from/empty": { directory: true },
  "to": { directory: true },
};
const NOW = Math.floor(Date.now() / 1000);
/** Modification times, in seconds since 1970. */
const TIMES = { "a/none": 1e9, "a/small": NOW, "b/large": 1.5e9 };

describeWithScene("--max-size, --min-size, --newer-than and --older-than", { inProcess: true }, (scene) => {
  async function makeTree(): Promise<string> {
    const tree = await scene.tree(SOURCE);
    for (const [path, time] of Object.entries(TIMES)) await Deno.utime(`${tree}/from/${path}`, time, time);
    return tree;
  }
  const at = (seconds: number) => new Date(seconds * 1000).toISOString();
  const CASES: [flags: string[], files: string[]][] = [
    [["--max-size", "3"], ["a/none", "a/small"]],
    [["--max-size=2"], ["a/none"]],
    [["--min-size=3"], ["a/small", "b/large"]],
    [["--min-size=2049K"], []],
    [["--min-size=1", "--max-size=3M"], ["a/small", "b/large"]],
    [["--newer-than", at(1.5e9)], ["a/small", "b/large"]],
    [["--newer-than", at(1.5e9 + 0.001)], ["a/small"]],
    [["--older-than", at(1.5e9)], ["a/none"]],
    [["--older-than", at(NOW), "--newer-than", at(1e9 + 1)], ["b/large"]],
    [["--older-than", "1w"], ["a/none", "b/large"]],
    [["--max-size=1G", "--exclude", "a/small"], ["a/none", "b/large"]],
  ];

  for (const variant of VARIANTS) {
    it(`select files, and copy all directories and links (${variantName(variant)})`, async () => {
      const tree = await makeTree();
      for (const [index, [flags, files]] of CASES.entries()) {
        const copy = { flags: ["-a", "-v", ...flags], sources: [`${tree}/from`], target: `${tree}/to/${index}` };
        const planned = await scene.copy(variant, { ...copy, flags: [...copy.flags, "-n"] });
        const { code, stdout, stderr } = await scene.copy(variant, copy);
        assertEquals([code, planned.code], [0, 0], stderr + planned.stderr);
        const expected = ["a", "b", "empty", ...files, "b/link"].sort();
        assertEquals(pathsIn(copy.target), expected, `${flags} ${stdout}`);
        for (const name of Object.keys(TIMES)) {
          assertEquals(planned.stdout.includes(`from/${name}`), files.includes(name), `${flags} ${planned.stdout}`);
        }
      }
    });

    it(`apply to a source that is a file (${variantName(variant)})`, async () => {
      const tree = await makeTree();
      const sources = ["a/small", "b/large", "b/link"].map((name) => `${tree}/from/${name}`);
      const { code, stderr } = await scene.copy(variant, { flags: ["--max-size=3"], sources, target: `${tree}/to` });
      assertEquals([code, stderr], [0, ""]);
      assertEquals(pathsIn(`${tree}/to`), ["link", "small"]);
    });
  }

  it("apply to a copy between two remote hosts", async () => {
    const tree = await makeTree();
    const { code, stderr } = await runEscp([
      ...[...scene.sshd.sshOptions, "-a", "--max-size=3", "--older-than=1w"],
      ...[`testhost:${tree}/from/.`, `testhost2:${tree}/to`],
    ]);
    assertEquals(code, 0, stderr);
    assertEquals(pathsIn(`${tree}/to`), ["a", "a/none", "b", "b/link", "empty"]);
  });

  it("are refused by a remote end that does not know them", async () => {
    const tree = await makeTree();
    const flags = [...await oldEscpFlags(scene), "-r", "--max-size=3"];
    const copy = { flags, sources: [`${tree}/from`], target: `${tree}/to` };
    const { code, stderr } = await scene.copy({ ...VARIANTS[0], direction: "pull" }, copy);
    assertMatch(
      stderr,
      /^escp: Cannot select files by size, time or \.gitignore: escp \S+ on testhost does not support it$/m,
    );
    assertEquals([code, pathsIn(`${tree}/to`)], [1, []]);
  });
});
