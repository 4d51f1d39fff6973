import { assertEquals, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { Shards } from "../../../support/escp/shards.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

/** Creates a file and a directory, each with a byte that is not UTF-8 in its name. */
const CREATE = `echo 1 >"$(printf 'bad\\377')"; mkdir "$(printf 'dir\\376')"`;

describeWithScene("names that are not UTF-8", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS.filter(({ engine }) => engine === "portable")) {
    // Shards with the native engine know other names, so neither engine knows the owner for the other.
    it(`fail in every shard whose engine cannot read them (${variantName(variant)})`, async () => {
      const shards = await Shards.of(scene, variant, { good: "good" });
      await new Deno.Command("sh", { args: ["-ec", CREATE], cwd: shards.from }).spawn().status;
      for (const shard of ["0/3", "1/3", "2/3"]) {
        const { code, stderr } = await shards.run(shard);
        assertEquals([code, stderr.match(/its name is not UTF-8/g)?.length], [1, 2], stderr);
      }
      const { code, stderr } = await shards.run("finish/3");
      assertEquals(code, 1);
      assertStringIncludes(stderr, "shard 0: 2 paths failed; shard 1: 2 paths failed; shard 2: 2 paths failed");
    });
  }
});
