import { assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { compareTrees } from "../support/files/compare_trees.ts";
import { describeWithScene, rotatingVariants, variantName } from "../support/scene.ts";

/** Longer than these copies take on a busy machine. Backtracking and loops of links would never end. */
const TIMEOUT_MS = 30_000;

describeWithScene("a pattern of the client", (scene) => {
  for (const variant of rotatingVariants(0)) {
    it(`with catastrophic backtracking does not delay the copy: ${variantName(variant)}`, async () => {
      const name = "a".repeat(200);
      const from = await scene.tree({ [`t/${name}`]: "kept", "t/aax": "left out", "t/b": "kept" });
      const to = await scene.tree();
      const flags = ["-r", "--exclude-regex", "^(a+)+x", "--exclude-regex", "^(a|aa)+$(?!)"];
      const copy = { flags, sources: [`${from}/t`], target: to, timeoutMs: TIMEOUT_MS };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(await compareTrees(to, await scene.tree({ [`t/${name}`]: "kept", "t/b": "kept" })), []);
    });
  }

  for (const variant of rotatingVariants(1).filter(({ direction }) => direction === "pull")) {
    it(`through loops of symbolic links is expanded in bounded time: ${variantName(variant)}`, async () => {
      const from = await scene.tree({
        "file": "found",
        ...Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`loop${index}`, { link: "." }])),
      });
      const to = await scene.tree();
      const copy = { sources: [`${from}/${"*/".repeat(30)}fil[e]`], target: to, timeoutMs: TIMEOUT_MS };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals({ code, stderr }, { code: 0, stderr: "" });
      assertEquals(await Deno.readTextFile(`${to}/file`), "found");
      const missing = await scene.copy(variant, { ...copy, sources: [`${from}/${"*/".repeat(30)}nothin[g]`] });
      assertEquals(missing.code, 1, missing.stderr);
    });
  }
});
