import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { pathsIn } from "../../../support/files/paths_in.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

const SOURCE: TreeEntries = {
  ...{ "from/a.o": "1", "from/keep.o": "2", "from/b/c.o": "3", "from/b/d": "4", "from/.git/x": "5" },
  ...{ "rules": "# objects\n+ keep.o\n*.o\n\n.git/\n", "to": { directory: true } },
};
const EXPECTED = ["b", "b/d", "keep.o"];

describeWithScene("--exclude-from and --include-from", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    it(`select files by the rules in a file (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      const copy = { sources: [`${tree}/from/.`], target: `${tree}/to` };
      const { code, stderr } = await scene.copy(variant, { ...copy, flags: ["-r", `--exclude-from=${tree}/rules`] });
      assertEquals([code, stderr, pathsIn(`${tree}/to`)], [0, "", EXPECTED]);
    });

    it(`read standard input (${variantName(variant)})`, async () => {
      const tree = await scene.tree(SOURCE);
      const flags = ["-r", "--include", "c.o", "--exclude-from", "-"];
      const copy = {
        flags,
        sources: [`${tree}/from/.`],
        target: `${tree}/to`,
        stdin: Deno.readFileSync(`${tree}/rules`),
      };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals([code, stderr, pathsIn(`${tree}/to`)], [0, "", ["b", "b/c.o", "b/d", "keep.o"]]);
    });
  }

  it("apply to a copy between two remote hosts", async () => {
    const tree = await scene.tree(SOURCE);
    const { code, stderr } = await runEscp([
      ...[...scene.sshd.sshOptions, "-r", `--exclude-from=${tree}/rules`],
      ...[`testhost:${tree}/from/.`, `testhost2:${tree}/to`],
    ]);
    assertEquals([code, stderr, pathsIn(`${tree}/to`)], [0, "", EXPECTED]);
  });

  it("refuse a file with a bad line before anything is copied", async () => {
    const tree = await scene.tree({ ...SOURCE, rules: "*.o\n[\n" });
    const copy = { flags: ["-r", `--exclude-from=${tree}/rules`], sources: [`${tree}/from`], target: `${tree}/to` };
    const { code, stderr } = await scene.copy(VARIANTS[0], copy);
    assertMatch(stderr, /^escp: Cannot use ".*\/rules", line 2: Cannot use the pattern "\[": /m);
    assertEquals([code, pathsIn(`${tree}/to`)], [2, []]);
  });
});
