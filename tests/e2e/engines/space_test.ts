import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import type { EscpResult } from "../../support/escp/escp_command.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { listNames } from "../../support/files/list_names.ts";
import { describeWithScene, rotatingVariants, variantName, VARIANTS } from "../../support/scene.ts";
import { mountSmallDisk, smallDiskProblem } from "../../support/files/small_disk.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";

const MIB = 1 << 20;
/** Number of files in the large tree, 64 KiB each. */
const MANY = 5_000;
const OLD = new Date("2001-02-03T04:05:06Z");
const random = (size: number, seed: number) => ({ size, seed, mtime: OLD });

const why = smallDiskProblem === undefined ? "" : ` (skipped: ${smallDiskProblem})`;

const options = { inProcess: true, ignore: smallDiskProblem !== undefined };
describeWithScene(`a target without enough space${why}`, options, (scene) => {
  let source: string;
  /** Names of one file: more data than connections hold, so that the sender learns of the full target before the end. */
  let many: string;
  /** Trees of two hard links to a large file. */
  const linked: string[] = [];
  /** A tree of the files "0" to "9". */
  let ten: string;
  const names = Array.from({ length: 10 }, (_, index) => `${index}`);
  /** A tree with a file that can be resumed at once because of its size. */
  let resumable: string;
  beforeAll(async () => {
    const others = Array.from({ length: MANY }, (_, file) => [`d${file % 10}/${file}`, { hardLink: "first" }]);
    many = await scene.tree({ "first": random(64 << 10, 3), ...Object.fromEntries(others) });
    source = await scene.tree({
      ...{ "large": random(9 * MIB, 1), "half": random(5 * MIB, 2), "other": random(5 * MIB, 3), "small": "s" },
    });
    for (const size of [3 * MIB, 9 * MIB]) {
      linked.push(await scene.tree({ "first": random(size, 4), "second": { hardLink: "first" } }));
    }
    ten = await scene.tree(Object.fromEntries(names.map((name, index) => [name, random(MIB, index)])));
    resumable = await scene.tree({ "large": { size: 64 * MIB, seed: 1 }, "small": "s" });
  });

  function assertRefused({ code, stderr }: EscpResult, bytes: number, target: string): void {
    assertEquals(code, 1, stderr);
    assertMatch(stderr, new RegExp(`Cannot copy ${bytes} bytes to "${target}": only \\d+ bytes are free$`, "m"));
    assertMatch(stderr, /^hint: Free some space, or choose another target$/m);
  }

  for (const variant of VARIANTS) {
    it(`is refused before anything is written (${variantName(variant)})`, async () => {
      await using disk = await mountSmallDisk("size=8m");
      const copy = (sources: string[], target: string) =>
        scene.copy(variant, { flags: ["-r"], sources: sources.map((name) => `${source}/${name}`), target });
      assertRefused(await copy(["large"], disk.path), 9 * MIB, disk.path);
      assertRefused(await copy(["large"], `${disk.path}/name`), 9 * MIB, disk.path);
      assertRefused(await copy(["half", "other"], disk.path), 10 * MIB, disk.path);
      assertRefused(await copy(["."], `${disk.path}/new`), 19 * MIB + 1, `${disk.path}/new`);
      assertEquals(listNames(disk.path), []);
      assertRefused(await copy(["."], disk.path), 19 * MIB + 1, disk.path);
      assertEquals(listNames(disk.path), []);
      assertEquals((await copy(["half"], disk.path)).code, 0);
      // The old file stays until the new one is complete.
      assertRefused(await copy(["other"], `${disk.path}/half`), 5 * MIB, disk.path);
      assertEquals(await compareTrees(`${source}/half`, `${disk.path}/half`), []);
    });
  }

  for (const variant of rotatingVariants(0)) {
    it(`gets no hard links to a file that did not fit (${variantName(variant)})`, async () => {
      for (const from of linked) {
        await using disk = await mountSmallDisk("size=2m");
        await Deno.writeTextFile(`${disk.path}/first`, "old first");
        await Deno.writeTextFile(`${disk.path}/second`, "old second");
        // With --sparse the size on disk is not known in advance.
        const copy = { flags: ["-a", "--sparse", "--no-resume"], sources: [`${from}/.`], target: disk.path };
        const { code, stderr } = await scene.copy(variant, copy);
        assertEquals(code, 1, stderr);
        assertMatch(stderr, /^note: Stopped early, because no space is left on the target/m);
        const read = (name: string) => Deno.readTextFile(`${disk.path}/${name}`);
        assertEquals([await read("first"), await read("second")], ["old first", "old second"]);
      }
    });
  }

  for (const variant of rotatingVariants(1)) {
    it(`is not refused if files that are replaced or unchanged leave enough space (${variantName(variant)})`, async () => {
      await using disk = await mountSmallDisk("size=14m");
      const copy = (...flags: string[]) =>
        scene.copy(variant, { flags, sources: names.map((name) => `${ten}/${name}`), target: disk.path });
      for (let turn = 0; turn < 2; turn++) {
        const { code, stderr } = await copy();
        assertEquals([code, stderr], [0, ""]);
      }
      assertEquals((await copy("--checksum")).code, 0);
    });
  }

  for (const variant of VARIANTS) {
    it(`that fills up is reported, other files stay, and the same command resumes with more space (${variantName(variant)})`, async () => {
      await using disk = await mountSmallDisk("size=60m");
      await Deno.writeTextFile(`${disk.path}/kept`, "kept");
      await Deno.writeTextFile(`${disk.path}/large`, "old");
      // In a directory that is not empty the replaced size is not known in advance.
      const copy = () =>
        scene.copy(variant, { flags: ["-r", "--json"], sources: [`${resumable}/.`], target: disk.path });
      const full = await copy();
      assertEquals(full.code, 1);
      assertStringIncludes(full.stderr, `Cannot write "${disk.path}/large": No space left on device`);
      assertMatch(full.stderr, /^hint: Free some space, then run the same command again$/m);
      assertEquals(full.stderr.split("No space left").length, 2, full.stderr);
      assertEquals(await Deno.readTextFile(`${disk.path}/kept`), "kept");
      assertEquals(await Deno.readTextFile(`${disk.path}/large`), "old");
      assert(temporaryFiles(disk.path).some((path) => path.endsWith(".part")));
      await disk.remount("size=160m");
      const { code, stdout, stderr } = await copy();
      assertEquals([code, stderr], [0, ""]);
      assert(lastEvent(stdout).resumed > 0);
      await Deno.remove(`${disk.path}/kept`);
      assertEquals(await compareTrees(resumable, disk.path), []);
      assertEquals(temporaryFiles(disk.path), []);
    });
  }

  for (const variant of VARIANTS) {
    it(`that fills up in a large tree ends the copy early, and the same command resumes (${variantName(variant)})`, async () => {
      await using disk = await mountSmallDisk("size=32m,nr_inodes=300");
      await Deno.writeTextFile(`${disk.path}/kept`, "kept");
      const copy = () => scene.copy(variant, { flags: ["-r", "--json"], sources: [`${many}/.`], target: disk.path });
      const full = await copy();
      const end = lastEvent(full.stdout);
      assertEquals([full.code, end.status, end.exitStatus, end.stopped], [1, "failed", 1, true]);
      assert(end.files + end.failed < MANY, `${end.files} files and ${end.failed} failures of ${MANY}`);
      assertMatch(full.stdout, /"event":"note","message":"Stopped early, because no space is left on the target/);
      const lines = full.stderr.trimEnd().split("\n");
      assertEquals(lines.filter((line) => line.startsWith("escp: Cannot")).length, 10, full.stderr);
      assertMatch(full.stderr, /^escp: \.\.\.and \d+ more in ".*\/": No space left on device$/m);
      assertEquals(lines.at(-1), "hint: Free some space, then run the same command again");
      await disk.remount("size=400m,nr_inodes=20000");
      const { code, stdout, stderr } = await copy();
      assertEquals([code, stderr, lastEvent(stdout).stopped], [0, "", undefined]);
      await Deno.remove(`${disk.path}/kept`);
      assertEquals(await compareTrees(many, disk.path), []);
      assertEquals(temporaryFiles(disk.path), []);
    });
  }

  for (const variant of rotatingVariants(2)) {
    it(`that is read-only is reported as such (${variantName(variant)})`, async () => {
      await using disk = await mountSmallDisk("size=8m");
      await Deno.writeTextFile(`${disk.path}/small`, "old");
      await disk.remount("ro");
      for (const name of ["small", "half"]) {
        const { code, stderr } = await scene.copy(variant, { sources: [`${source}/${name}`], target: disk.path });
        assertEquals(code, 1);
        assertStringIncludes(stderr, `Cannot write "${disk.path}/${name}": Read-only file system`);
        assertMatch(stderr, /^hint: The file system is mounted read-only: choose another target$/m);
      }
      assertEquals(await Deno.readTextFile(`${disk.path}/small`), "old");
    });
  }
});
