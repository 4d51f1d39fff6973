import { assertEquals } from "@std/assert";
import { it } from "@std/testing/bdd";
import { lastEvent } from "../../../support/escp/json_events.ts";
import { SHARDED_TREE, Shards } from "../../../support/escp/shards.ts";
import { temporaryFiles } from "../../../support/escp/temporary_files.ts";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { listNames } from "../../../support/files/list_names.ts";
import { describeWithScene, type Variant, variantName, VARIANTS } from "../../../support/scene.ts";

describeWithScene("a copy by shards", { inProcess: true }, (scene) => {
  const shardsOf = (variant: Variant, entries = SHARDED_TREE) => Shards.of(scene, variant, entries);

  VARIANTS.forEach((variant, index) => {
    for (const count of [1, 3, 4]) {
      it(`of ${count} makes the target equal to the source (${variantName(variant)})`, async () => {
        const shards = await shardsOf(variant);
        const end = await shards.runAll(count);
        assertEquals(await compareTrees(shards.from, shards.to, { modes: true, mtimes: "s" }), []);
        assertEquals(temporaryFiles(shards.to), []);
        assertEquals([end.shards, end.failed, end.files], [count, 0, 32]);
      });
    }

    it(`updates, verifies and deletes (${variantName(variant)})`, async () => {
      const shards = await shardsOf(variant);
      await shards.runAll(2, ["-a", "--verify"]);
      await Deno.writeTextFile(`${shards.from}/d0/in/f0`, "other contents");
      await Deno.remove(`${shards.from}/d0/in/f4`);
      await Deno.writeTextFile(`${shards.to}/d0/extra`, "x");
      const flags = ["--mirror", "--verify"];
      for (const shard of ["0/3", "1/3", "2/3"]) assertEquals((await shards.run(shard, flags)).code, 0);
      // No shard deletes.
      assertEquals(listNames(`${shards.to}/d0`), ["extra", "in"]);
      const end = lastEvent((await shards.run("finish/3", flags)).stdout);
      assertEquals([end.status, end.files, end.deleted], ["ok", 1, 2]);
      assertEquals(await compareTrees(shards.from, shards.to, { modes: true, mtimes: "s" }), []);
    });

    it(`sets the permissions of new directories without -p (${variantName(variant)})`, async () => {
      const shards = await shardsOf(variant, { "a/b/file": "x", "c": { directory: true } });
      await shards.run("0/2", ["-r"]);
      await shards.run("1/2", ["-r"]);
      assertEquals(Deno.statSync(`${shards.to}/a`).mode! & 0o777, 0o700);
      assertEquals((await shards.run("finish/2", ["-r"])).code, 0);
      for (const name of ["", "/a", "/a/b", "/c"]) {
        assertEquals(Deno.statSync(shards.to + name).mode! & 0o7777, 0o777 & ~Deno.umask(), name);
      }
    });

    it(`copies listed paths only (${variantName(variant)})`, async () => {
      const shards = await shardsOf(variant);
      const list = `${await scene.tree({ list: "d0/in/f0\nd1\nempty\n" })}/list`;
      await shards.runAll(3, ["-a", "--files-from", list]);
      assertEquals(listNames(shards.to), ["d0", "d1", "empty"]);
      assertEquals([listNames(`${shards.to}/d0/in`), listNames(`${shards.to}/d1/in`).length], [["f0"], 8]);
    });

    if (index > 0) return;
    it("examines and copies each file in one shard only", async () => {
      const shards = await shardsOf(variant);
      const counts: number[] = [];
      for (const shard of ["0/3", "1/3", "2/3"]) counts.push(lastEvent((await shards.run(shard)).stdout).files);
      assertEquals(counts.reduce((sum, count) => sum + count), 32);
      assertEquals(counts.includes(32), false);
    });
  });
});
