import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { newPartialName } from "../../src/files/path/private_names.ts";
import { compareTrees } from "../support/files/compare_trees.ts";
import { type EscpResult, runEscp } from "../support/escp/escp_command.ts";
import { listNames } from "../support/files/list_names.ts";
import { describeWithScene, variantName, VARIANTS } from "../support/scene.ts";
import type { TreeEntries } from "../support/files/temp_tree.ts";
import { oldName } from "./old_formats.ts";

const PARTIAL = newPartialName();
const TEMPORARY = ".escp-5f2a09c1-00000a01-0000002f.part";
/** Files of the source besides those with private names. */
const REST: TreeEntries = { "file": "file", "sub/.escp-notes": "mine", "sub/.escp-notes.part": "mine" };
const SOURCE: TreeEntries = {
  ...REST,
  [TEMPORARY]: "1",
  [oldName("file", "journal")]: "2",
  [`sub/${oldName("x", "run")}`]: "3",
  [`sub/${PARTIAL}`]: { size: 2 << 20 },
  [`${PARTIAL}/inside`]: "in a directory",
};
const SKIPPED = [TEMPORARY, oldName("file", "journal"), PARTIAL, `sub/${oldName("x", "run")}`, `sub/${PARTIAL}`];

describeWithScene("a sender", { inProcess: true }, (scene) => {
  /** Checks that each private name has one note, and all other files are copied. */
  async function assertSkipped({ code, stderr }: EscpResult, from: string, to: string): Promise<void> {
    const why = "skipped: its name is reserved for the temporary files of escp";
    const notes = SKIPPED.map((name) => `note: "${from}/./${name}": ${why}`);
    assertEquals([code, stderr.trimEnd().split("\n").sort()], [0, notes.sort()]);
    assertEquals(await compareTrees(await scene.tree(REST), to), []);
  }

  for (const variant of VARIANTS) {
    it(`skips private names with a note each: ${variantName(variant)}`, async () => {
      const [from, to] = [await scene.tree(SOURCE), await scene.tree()];
      await assertSkipped(await scene.copy(variant, { flags: ["-r"], sources: [`${from}/.`], target: to }), from, to);
    });

    it(`fails a private name that is requested explicitly, and copies the rest: ${variantName(variant)}`, async () => {
      const [from, to] = [await scene.tree({ ...SOURCE, "list": "" }), await scene.tree()];
      const sources = [`${from}/${TEMPORARY}`, `${from}/file`, `${from}/${PARTIAL}`];
      const listed = sources.map((path) => variant.direction === "pull" ? `testhost:${path}` : path).join("\n");
      await Deno.writeTextFile(`${from}/list`, listed);
      for (
        const command of [{ sources, flags: ["-r"] }, { sources: [], flags: ["-r", "--filelist", `${from}/list`] }]
      ) {
        const { code, stderr } = await scene.copy(variant, { ...command, target: to });
        assertEquals(code, 1, stderr);
        for (const name of [TEMPORARY, PARTIAL]) {
          const failure = new RegExp(`^escp: Cannot send ".*/${name}": its name is reserved for the temporary`, "m");
          assertMatch(stderr, failure);
        }
        assertEquals(await compareTrees(await scene.tree({ "file": "file" }), to), []);
        await Deno.remove(`${to}/file`);
      }
    });
  }

  it("skips private names between two remote hosts", async () => {
    const [from, to] = [await scene.tree(SOURCE), await scene.tree()];
    const args = [...scene.sshd.sshOptions, "-3", "-r", `testhost:${from}/.`, `testhost2:${to}`];
    await assertSkipped(await runEscp(args), from, to);
  });

  it("prints no note for a private name that a filter excludes", async () => {
    const [from, to] = [await scene.tree(SOURCE), await scene.tree()];
    const [variant] = VARIANTS;
    const flags = ["-r", "--include", "sub/", "--include", "file", "--exclude", "*"];
    const { code, stderr } = await scene.copy(variant, { flags, sources: [`${from}/.`], target: to });
    assertEquals([code, stderr], [0, ""]);
  });
});

describeWithScene("a receiver", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    it(`refuses a private name for the target: ${variantName(variant)}`, async () => {
      const [from, to] = [await scene.tree(REST), await scene.tree()];
      for (const source of ["file", "sub"]) {
        const { code, stderr } = await scene.copy(variant, {
          flags: ["-r"],
          sources: [`${from}/${source}`],
          target: `${to}/${PARTIAL}`,
        });
        assertEquals(code, 1);
        assertMatch(stderr, new RegExp(`^escp: .*Cannot create ".*/${PARTIAL}": its name is reserved for the`, "m"));
        assertEquals(listNames(to), []);
      }
    });
  }
});
