import { assertEquals, assertMatch } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { listNames } from "../../support/files/list_names.ts";
import { describeWithScene, rotatingVariants, variantName } from "../../support/scene.ts";

const TREE = { "small": "s", "large": { size: 3 << 20, seed: 1 } };

describeWithScene("--congestion", (scene) => {
  for (const variant of rotatingVariants(0)) {
    it(`is set by the sender, or refused by it before anything is written (${variantName(variant)})`, async () => {
      const [from, to] = [await scene.tree(TREE), await scene.tree()];
      const copy = { sources: [`${from}/.`], target: to };
      const refused = await scene.copy(variant, { ...copy, flags: ["-r", "--congestion", "no-such-one"] });
      assertMatch(refused.stderr, /^escp: .*Cannot use congestion control no-such-one: it is not available/m);
      assertMatch(refused.stderr, /^hint: Use .*\breno\b/m);
      assertEquals([refused.code, listNames(to)], [1, []]);
      const { code, stderr } = await scene.copy(variant, { ...copy, flags: ["-r", "--congestion", "reno"] });
      assertEquals([code, stderr, await compareTrees(from, to)], [0, "", []]);
    });
  }

  it("is a usage error if it is not a valid name", async () => {
    const { code, stderr } = await scene.copy(rotatingVariants(1)[0], {
      flags: ["--congestion", "b b r"],
      sources: ["a"],
      target: "b",
    });
    assertMatch(stderr, /^escp: Cannot use "b b r" as congestion control$/m);
    assertEquals(code, 2);
  });
});
