import { assertEquals, assertStringIncludes } from "@std/assert";
import { delay } from "@std/async/delay";
import { it } from "@std/testing/bdd";
import { Shards } from "../../../support/escp/shards.ts";
import { describeWithScene, variantName, VARIANTS } from "../../../support/scene.ts";

const MIB = 1 << 20;
const OLD = new Date("2001-02-03T04:05:06.789Z");
const SPLIT = ["-a", "--shard-split=1M"];

describeWithScene("the source of a file that shards split", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    it(`must not be rewritten with the same size and time (${variantName(variant)})`, async () => {
      const shards = await Shards.of(scene, variant, { large: { size: 5 * MIB, mtime: OLD } });
      assertEquals((await shards.run("0/2", SPLIT)).code, 0);
      // The portable engine knows whole seconds of the ctime only.
      await delay(1000 - Date.now() % 1000 + 20);
      await Deno.writeFile(`${shards.from}/large`, new Uint8Array(5 * MIB));
      await Deno.utime(`${shards.from}/large`, OLD, OLD);
      assertEquals((await shards.run("1/2", SPLIT)).code, 0);
      const { code, stderr } = await shards.run("finish/2", SPLIT);
      assertEquals(code, 1);
      assertStringIncludes(stderr, "the source changed while the shards copied it");
    });
  }
});
