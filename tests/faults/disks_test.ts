import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../support/files/compare_trees.ts";
import { failingDiskProblem, mountFailingDisk } from "../support/files/failing_disk.ts";
import { lastEvent } from "../support/escp/json_events.ts";
import { listNames } from "../support/files/list_names.ts";
import { randomBytes } from "../support/files/random_bytes.ts";
import { describeWithScene, rotatingVariants, variantName } from "../support/scene.ts";
import { temporaryFiles } from "../support/escp/temporary_files.ts";

const MIB = 1 << 20;
const OLD = new Date("2001-02-03T04:05:06Z");
const why = failingDiskProblem === undefined ? "" : ` (skipped: ${failingDiskProblem})`;

describeWithScene(`a disk that fails${why}`, { ignore: failingDiskProblem !== undefined }, (scene) => {
  let source: string;
  let resumable: string;
  beforeAll(async () => {
    const small = { content: "small", mtime: OLD };
    source = await scene.tree({ "large": { size: 12 * MIB, seed: 1, mtime: OLD }, small });
    // Has a journal at once because of its size. Most of it is a hole, which takes little time to send.
    const large = { sparseSize: 64 * MIB, pieces: { 0: randomBytes(12 * MIB, 1) }, mtime: OLD };
    resumable = await scene.tree({ large, small });
  });

  const WRITES = [
    ["EDQUOT", "Disk quota exceeded", /^hint: Free some space or ask for a larger quota/m],
    ["EIO", "Input/output error", /^hint: The disk, or the connection to it, is faulty/m],
    ["ENOSPC", "No space left on device", /^hint: Free some space/m],
  ] as const;
  for (const [index, [errno, words, hint]] of WRITES.entries()) {
    for (const variant of rotatingVariants(index)) {
      it(`reports ${errno} during a write, keeps old files, and allows to resume: ${variantName(variant)}`, async () => {
        await using disk = await mountFailingDisk({ on: "write", errno, after: 7 * MIB });
        await Deno.writeTextFile(`${disk.path}/kept`, "kept");
        await Deno.writeTextFile(`${disk.path}/large`, "old");
        const copy = { flags: ["-r", "--json"], sources: [`${resumable}/.`], target: disk.path };
        const failed = await scene.copy(variant, { ...copy, flags: ["-r"] });
        assertEquals(failed.code, 1, failed.stderr);
        assertMatch(failed.stderr, new RegExp(`^escp: Cannot write "${disk.path}/large": ${words}$`, "m"));
        assertMatch(failed.stderr, hint);
        assertEquals(await failed.leftBehind(), []);
        assertEquals(await Deno.readTextFile(`${disk.path}/kept`), "kept");
        assertEquals(await Deno.readTextFile(`${disk.path}/large`), "old");
        await disk.repair();
        const { code, stdout, stderr } = await scene.copy(variant, copy);
        assertEquals([code, stderr], [0, ""]);
        assert(lastEvent(stdout).resumed > 0, stdout);
        await Deno.remove(`${disk.path}/kept`);
        assertEquals(await compareTrees(resumable, disk.path), []);
        assertEquals(temporaryFiles(disk.path), []);
      });
    }
  }

  for (const on of ["create", "rename"] as const) {
    for (const variant of rotatingVariants(on === "create" ? 0 : 1)) {
      it(`reports each file that it cannot ${on}: ${variantName(variant)}`, async () => {
        await using disk = await mountFailingDisk({ on, errno: "EIO" });
        const copy = { flags: ["-r", "--no-resume"], sources: [`${source}/.`], target: disk.path };
        const { code, stderr, leftBehind } = await scene.copy(variant, copy);
        assertEquals(code, 1, stderr);
        for (const name of ["large", "small"]) {
          assertMatch(stderr, new RegExp(`^escp: Cannot write "${disk.path}/${name}": Input/output error$`, "m"));
        }
        assertEquals(await leftBehind(), []);
        assertEquals(listNames(disk.path), []);
      });
    }
  }

  for (const variant of rotatingVariants(2)) {
    it(`reports each file that it cannot read, and files on other disks are copied: ${variantName(variant)}`, async () => {
      await using disk = await mountFailingDisk({ on: "read", errno: "EIO" });
      for (const name of ["large", "small"]) await Deno.copyFile(`${source}/${name}`, `${disk.path}/bad ${name}`);
      const to = await scene.tree();
      const sources = [`${disk.path}/bad large`, `${disk.path}/bad small`, `${source}/large`, `${source}/small`];
      const { code, stderr } = await scene.copy(variant, { sources, target: to });
      assertEquals(code, 1, stderr);
      for (const name of ["bad large", "bad small"]) {
        assertMatch(stderr, new RegExp(`^escp: Cannot read "${disk.path}/${name}": Input/output error$`, "m"));
      }
      for (const path of temporaryFiles(to)) await Deno.remove(path);
      assertEquals(await compareTrees(source, to), []);
    });

    it(`reports each file that it cannot flush with --fsync: ${variantName(variant)}`, async () => {
      await using disk = await mountFailingDisk({ on: "fsync", errno: "EIO" });
      const flags = ["-r", "--fsync", "--no-resume"];
      const { code, stderr } = await scene.copy(variant, { flags, sources: [`${source}/.`], target: disk.path });
      assertEquals(code, 1, stderr);
      for (const name of ["large", "small"]) {
        assertMatch(stderr, new RegExp(`^escp: Cannot \\w+ "${disk.path}/${name}": Input/output error$`, "m"));
      }
      assertEquals(listNames(disk.path), []);
    });

    it(`reports each name that exceeds its limit: ${variantName(variant)}`, async () => {
      await using disk = await mountFailingDisk({ errno: "ENAMETOOLONG", maxNameBytes: 120 });
      const name = "long ".repeat(30);
      const from = await scene.tree({ [name]: "text", [`${name}x`]: { size: 2 * MIB }, "short": "short" });
      const { code, stderr } = await scene.copy(variant, { flags: ["-r"], sources: [`${from}/.`], target: disk.path });
      assertEquals(code, 1, stderr);
      for (const each of [name, `${name}x`]) {
        assertMatch(stderr, new RegExp(`^escp: Cannot write "${disk.path}/${each}": File name too long$`, "m"));
      }
      assertMatch(stderr, /^hint: The file system of the target allows only shorter names$/m);
      assertEquals(await Deno.readTextFile(`${disk.path}/short`), "short");
    });
  }
});
