import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { notedBytes, untilNoted, writeLargeFile } from "../../../support/escp/interruptions.ts";
import { lastEvent } from "../../../support/escp/json_events.ts";
import { Shards } from "../../../support/escp/shards.ts";
import { recordsOf } from "../../../support/escp/state.ts";
import { partialFile, temporaryFiles } from "../../../support/escp/temporary_files.ts";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { OTHER_USER } from "../../../support/files/plain_rights.ts";
import type { TreeEntries } from "../../../support/files/temp_tree.ts";
import { describeWithScene, type Variant, variantName, VARIANTS } from "../../../support/scene.ts";

const MIB = 1 << 20;
const OLD = new Date("2001-02-03T04:05:06.789Z");
const SPLIT = ["-a", "--shard-split=1M"];

/** Files at the boundaries of ranges of 1 MiB, and one with holes. */
const TREE: TreeEntries = {
  "d/large": { size: 9 * MIB + 4321, mtime: OLD, mode: 0o640 },
  "d/whole": { size: MIB },
  "d/more": { size: MIB + 1, mtime: OLD },
  "d/even": { size: 4 * MIB, mtime: OLD },
  "d/holes": { sparseSize: 8 * MIB, pieces: { 0: "a", [3 * MIB]: "b", [8 * MIB - 1]: "c" }, mtime: OLD },
  "small": "s",
  "d": { directory: true, mtime: OLD },
};

describeWithScene("a file that shards split", { inProcess: true }, (scene) => {
  const shardsOf = (variant: Variant, entries = TREE) => Shards.of(scene, variant, entries);
  const [variant] = VARIANTS;

  for (const variant of VARIANTS) {
    for (const count of [1, 3, 4]) {
      it(`is complete after the end of ${count} shards (${variantName(variant)})`, async () => {
        const shards = await shardsOf(variant);
        const end = await shards.runAll(count, SPLIT);
        assertEquals(await compareTrees(shards.from, shards.to, { modes: true, mtimes: "ms" }), []);
        assertEquals([temporaryFiles(shards.to), recordsOf(shards.to)], [[], []]);
        assertEquals([end.files, end.bytes, end.resumed], [6, 23 * MIB + 4323, 0]);
      });
    }

    it(`is verified, and updated (${variantName(variant)})`, async () => {
      const shards = await shardsOf(variant);
      const flags = [...SPLIT, "--verify", "-u"];
      assertEquals((await shards.runAll(2, flags)).verified, 6);
      await Deno.writeTextFile(`${shards.from}/d/large`, "more", { append: true });
      await shards.runAll(2, flags);
      assertEquals(await compareTrees(shards.from, shards.to, { modes: true, mtimes: "ms" }), []);
      assertEquals(temporaryFiles(shards.to), []);
    });

    it(`may be the only source (${variantName(variant)})`, async () => {
      const shards = await Shards.of(scene, variant, { file: { size: 5 * MIB + 1, mtime: OLD } }, "file");
      await shards.runAll(3, SPLIT);
      assertEquals(await compareTrees(shards.from, shards.to, { modes: true, mtimes: "ms" }), []);
      assertStringIncludes((await shards.run("finish/3", SPLIT)).stderr, "it was finished at");
    });

    it(`fails if its partial file was changed (${variantName(variant)})`, async () => {
      const shards = await shardsOf(variant, { large: { size: 5 * MIB } });
      await shards.run("0/2", SPLIT);
      await shards.run("1/2", SPLIT);
      const partial = partialFile(shards.to)!;
      const bytes = await Deno.readFile(partial);
      bytes[3 * MIB]++;
      await Deno.writeFile(partial, bytes);
      const { code, stderr } = await shards.run("finish/2", SPLIT);
      assertEquals([code, temporaryFiles(shards.to)], [1, [partial]]);
      assertStringIncludes(stderr, "differs from the ranges that the shards have written");
      await shards.runAll(2, SPLIT);
      assertEquals(await compareTrees(shards.from, shards.to), []);
    });

    it(`fails if its source changes between two shards (${variantName(variant)})`, async () => {
      const shards = await shardsOf(variant, { large: { size: 5 * MIB } });
      await shards.run("0/2", SPLIT);
      const { atime, mtime } = Deno.statSync(`${shards.from}/large`);
      await Deno.writeTextFile(`${shards.from}/large`, "x", { append: true });
      await Deno.truncate(`${shards.from}/large`, 5 * MIB);
      await Deno.utime(`${shards.from}/large`, atime!, new Date(mtime!.getTime() + 1000));
      await shards.run("1/2", SPLIT);
      const { code, stderr } = await shards.run("finish/2", SPLIT);
      assertEquals(code, 1);
      assertStringIncludes(stderr, "the source changed while the shards copied it");
    });
  }

  for (const variant of VARIANTS) {
    it(`is written by shards at the same time (${variantName(variant)})`, async () => {
      const shards = await shardsOf(variant);
      const running = await Promise.all([0, 1, 2, 3].map((shard) => shards.start(`${shard}/4`, SPLIT)));
      for (const { result } of running) {
        const { code, stderr } = await result;
        assertEquals([code, stderr], [0, ""]);
      }
      assertEquals((await shards.run("finish/4", SPLIT)).code, 0);
      assertEquals(await compareTrees(shards.from, shards.to, { modes: true, mtimes: "ms" }), []);
      assertEquals([temporaryFiles(shards.to), recordsOf(shards.to)], [[], []]);
    });
  }

  it("resumes the ranges of a shard that was killed", async () => {
    for (const variant of VARIANTS) {
      const shards = await shardsOf(variant);
      await writeLargeFile(`${shards.from}/huge`, 64 * MIB);
      const flags = ["-a", "--shard-split=16M"];
      const running = await shards.start("0/1", [...flags, "-l", "200000", "--retries=0"]);
      await untilNoted(shards.to, 20 * MIB, running);
      running.child.kill("SIGKILL");
      await running.result;
      const failed = await shards.run("finish/1", flags);
      assertStringIncludes(failed.stderr, "(shard 0: it has not ended)");
      // Ranges that were complete are skipped, and have no journal.
      const noted = notedBytes(shards.to);
      const again = lastEvent((await shards.run("0/1", flags)).stdout);
      assertEquals(again.status, "ok");
      assert(noted > 0 && again.resumed >= noted, `${again.resumed} bytes were resumed, ${noted} were noted`);
      assertEquals((await shards.run("finish/1", flags)).code, 0);
      assertEquals(await compareTrees(shards.from, shards.to), []);
      assertEquals([temporaryFiles(shards.to), recordsOf(shards.to)], [[], []]);
    }
  });

  it("is never written through planted entries", async () => {
    const shards = await shardsOf(variant, { large: { size: 9 * MIB } });
    await shards.run("0/2", SPLIT);
    const partial = partialFile(shards.to)!;
    const other = `${await scene.tree({ other: { size: 9 * MIB, seed: "other" } })}/other`;
    const before = await Deno.readFile(other);
    const ofOtherUser = async (from: string, path: string) => {
      await Deno.copyFile(from, path);
      await Deno.chown(path, OTHER_USER, OTHER_USER);
    };
    const plants = [Deno.symlink, Deno.link, (_: string, path: string) => Deno.mkdir(path)];
    for (const plant of Deno.uid() === 0 ? [...plants, ofOtherUser] : plants) {
      await Deno.remove(partial);
      await plant(other, partial);
      const { code, stderr } = await shards.run("1/2", SPLIT);
      assertEquals([code, stderr.includes("large")], [1, true], stderr);
      assertEquals(await Deno.readFile(other), before);
    }
    await Deno.remove(partial);
    await shards.runAll(2, SPLIT);
    assertEquals(await compareTrees(shards.from, shards.to), []);
  });

  it("stays complete if finish fails for another file and runs again", async () => {
    for (const variant of VARIANTS) {
      const shards = await shardsOf(variant, { a: { size: 3 * MIB }, b: { size: 3 * MIB } });
      await shards.run("0/2", SPLIT);
      await shards.run("1/2", SPLIT);
      const [partial] = temporaryFiles(shards.to);
      await Deno.rename(partial, `${partial}.moved`);
      assertEquals((await shards.run("finish/2", SPLIT)).code, 1);
      await Deno.rename(`${partial}.moved`, partial);
      const { code, stderr } = await shards.run("finish/2", SPLIT);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(await compareTrees(shards.from, shards.to), []);
      assertEquals([temporaryFiles(shards.to), recordsOf(shards.to)], [[], []]);
    }
  });

  it("is not finished with a planted partial file", async () => {
    const shards = await shardsOf(variant, { large: { size: 3 * MIB } });
    await shards.run("0/2", SPLIT);
    await shards.run("1/2", SPLIT);
    const partial = partialFile(shards.to)!;
    await Deno.remove(partial);
    assertStringIncludes((await shards.run("finish/2", SPLIT)).stderr, "the partial file of the shards is missing");
    await Deno.writeFile(partial, new Uint8Array(3 * MIB));
    assertEquals((await shards.run("finish/2", SPLIT)).code, 1);
    await Deno.remove(partial);
    await Deno.writeFile(`${shards.to}/large`, new Uint8Array(3 * MIB));
    assertEquals((await shards.run("finish/2", SPLIT)).code, 1);
  });
});
