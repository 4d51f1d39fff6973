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

    it(`must not shrink before the end of an update (${variantName(variant)})`, async () => {
      for (const flags of [[...SPLIT, "-u"], [...SPLIT, "--ignore-existing"]]) {
        const shards = await Shards.of(scene, variant, { large: { size: 3 * MIB }, other: { size: 3 * MIB } });
        await shards.runAll(1, flags);
        await Deno.writeFile(`${shards.from}/more`, new Uint8Array(3 * MIB));
        const again = await shards.again();
        assertEquals((await again.run("0/1", flags)).code, 0);
        await Deno.truncate(`${shards.from}/more`, 6);
        const { code, stderr } = await again.run("finish/1", flags);
        assertEquals([code, stderr.includes("large file any more")], [1, true], stderr);
      }
    });

    it(`may be up to date already (${variantName(variant)})`, async () => {
      const shards = await Shards.of(scene, variant, { "d/large": { size: 3 * MIB, mtime: OLD } });
      const flags = [...SPLIT, "-u"];
      assertEquals((await shards.run("0/1", flags)).code, 0);
      await Deno.copyFile(`${shards.from}/d/large`, `${shards.to}/d/large`);
      await Deno.utime(`${shards.to}/d/large`, OLD, OLD);
      const { code, stderr } = await shards.run("finish/1", flags);
      assertEquals([code, stderr], [0, ""]);
      const file = await Shards.of(scene, variant, { file: { size: 3 * MIB, mtime: OLD } }, "file");
      assertEquals((await file.run("0/1", flags)).code, 0);
      await Deno.copyFile(file.from, file.to);
      await Deno.utime(file.to, OLD, OLD);
      const end = await file.run("finish/1", flags);
      assertEquals([end.code, end.stderr], [0, ""]);
    });
  }
});
