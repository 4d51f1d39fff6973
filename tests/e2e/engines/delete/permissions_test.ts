import { listNames } from "../../../support/files/list_names.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { useAsEscp } from "../../../support/escp/escp_command.ts";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { plainRightsProblem, writePlainEscp } from "../../../support/files/plain_rights.ts";
import { describeWithScene, ENGINES } from "../../../support/scene.ts";

const MODES = { "sub": 0o500, "gone": 0o300, "gone/deep": 0o100 };

describeWithScene("--delete without the rights of root", { ignore: plainRightsProblem !== undefined }, (scene) => {
  for (const engine of ENGINES) {
    const variant = { direction: "local", engine, streams: 1 } as const;

    it(`deletes in own directories without permissions, and restores them (${engine})`, async () => {
      const tree = await scene.tree({ "s/sub/a": "a", "t/s/sub/a": "a", "t/s/sub/x": "x", "t/s/gone/deep/y": "y" });
      const bin = await scene.tree();
      using _ = useAsEscp(await writePlainEscp(bin));
      Deno.chmodSync(`${tree}/s/sub`, MODES.sub);
      for (const [path, mode] of Object.entries(MODES).reverse()) Deno.chmodSync(`${tree}/t/s/${path}`, mode);
      const copy = { sources: [`${tree}/s`], target: `${tree}/t` };
      for (const flags of [["-r", "-u"], ["-a"]]) {
        const { code, stderr } = await scene.copy(variant, { ...copy, flags: [...flags, "--delete"] });
        assertEquals([code, stderr], [0, ""], flags.join(" "));
        assertEquals(await compareTrees(`${tree}/s`, `${tree}/t/s`, { modes: true }), []);
      }
    });

    it(`reports what it may not delete, and deletes the rest (${engine})`, async () => {
      const tree = await scene.tree({ "s/a": "a", "t/s/foreign/x": "x", "t/s/y": "y" });
      const bin = await scene.tree();
      using _ = useAsEscp(await writePlainEscp(bin));
      Deno.chmodSync(`${tree}/t/s/foreign`, 0o555);
      Deno.chownSync(`${tree}/t/s/foreign`, 54321, 54321);
      const copy = { flags: ["-r", "--delete"], sources: [`${tree}/s`], target: `${tree}/t` };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals(code, 1);
      assertStringIncludes(stderr, `Cannot remove "${tree}/t/s/foreign/x": Permission denied`);
      assertEquals(listNames(`${tree}/t/s`), ["a", "foreign"]);
    });
  }
});
