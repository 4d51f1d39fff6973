import { assert, assertEquals, assertMatch } from "@std/assert";
import { equals } from "../../../src/bytes.ts";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../support/escp/escp_command.ts";
import {
  AS_OTHER_USER,
  OTHER_USER,
  otherUserProblem,
  PLAIN_RIGHTS,
  plainRightsProblem,
} from "../../support/files/plain_rights.ts";
import {
  describeWithScene,
  ENGINES,
  rotatingVariants,
  type Variant,
  variantName,
  VARIANTS,
  wrapEscp,
} from "../../support/scene.ts";
import { mountSmallDisk, smallDiskProblem } from "../../support/files/small_disk.ts";

const MIB = 1 << 20;
/** Sizes of a source and of the file that it overwrites. */
const SIZES = [[1000, 3000], [3000, 1000], [0, 1000], [5 * MIB, 6 * MIB], [5 * MIB + 1, 1000]] as const;
const FLAGS = [[], ["-p"], ["--sparse"], ["-u"], ["--fsync"]];
const NOTE = /^note: ".*\/to\/f" was written in place: the name cannot be replaced$/m;

describeWithScene("--inplace", (scene) => {
  for (const [turn, variant] of VARIANTS.entries()) {
    it(`keeps the inode and other names of existing files (${variantName(variant)})`, async () => {
      for (const [index, [size, old]] of SIZES.entries()) {
        // Each variant has each flag once, with another size.
        const more = FLAGS[(index + 2 * turn) % FLAGS.length];
        const tree = await scene.tree({
          "from/f": { size },
          "from/new": "new",
          "to/from/f": { size: old, mode: 0o640 },
          "to/other": { hardLink: "to/from/f" },
        });
        await Deno.utime(`${tree}/from/f`, 1e9, 1e9);
        const before = Deno.statSync(`${tree}/to/from/f`);
        const { code, stderr } = await scene.copy(variant, {
          flags: ["-r", "--inplace", ...more],
          sources: [`${tree}/from`],
          target: `${tree}/to`,
        });
        const shown = `${old} to ${size} bytes with ${more}: ${stderr}`;
        assertEquals([code, stderr], [0, ""], shown);
        const after = Deno.statSync(`${tree}/to/from/f`);
        assertEquals([after.ino, after.nlink], [before.ino, 2], shown);
        if (more[0] !== "-p") assertEquals(after.mode! & 0o777, 0o640, shown);
        if (more[0] === "-p" || more[0] === "-u") assertEquals(after.mtime?.getTime(), 1e12, shown);
        assert(isSame(`${tree}/from/f`, `${tree}/to/other`), shown);
        assertEquals(Deno.readTextFileSync(`${tree}/to/from/new`), "new");
      }
    });
  }

  it("replaces a symbolic link, and does not write through it", async () => {
    const tree = await scene.tree({ "from/f": "new", "to/from/f": { link: "../out" }, "to/out": "out" });
    for (const variant of rotatingVariants(0)) {
      const copy = { flags: ["-r", "--inplace"], sources: [`${tree}/from`], target: `${tree}/to` };
      assertEquals((await scene.copy(variant, copy)).code, 0);
      assertEquals(Deno.readTextFileSync(`${tree}/to/out`), "out");
    }
  });

  it("is refused with --verify, which could not restore the file", async () => {
    const { code, stderr } = await runEscp(["--inplace", "--verify", "a", "b"]);
    assertEquals(code, 2);
    assertMatch(stderr, /^escp: Cannot use "--verify" with "--inplace": /m);
  });
});

const mountWhy = smallDiskProblem === undefined ? "" : ` (skipped: ${smallDiskProblem})`;

describeWithScene(`files that are mount points${mountWhy}`, { ignore: smallDiskProblem !== undefined }, (scene) => {
  for (const variant of VARIANTS) {
    it(`are written in place, with a note (${variantName(variant)})`, async () => {
      for (const [index, [size, old]] of SIZES.entries()) {
        for (const flags of [index % 2 === 0 ? [] : ["-r"]]) {
          const tree = await scene.tree({ "from/f": { size }, "real": { size: old }, "to/f": "", "deep/from/f": "" });
          const isTree = flags.length > 0;
          const target = isTree ? `${tree}/deep/from/f` : `${tree}/to/f`;
          await mount("--bind", `${tree}/real`, target);
          try {
            const { code, stderr } = await scene.copy(variant, {
              flags,
              sources: [isTree ? `${tree}/from` : `${tree}/from/f`],
              target: isTree ? `${tree}/deep` : `${tree}/to`,
            });
            assertEquals(code, 0, stderr);
            assertMatch(stderr, /^note: ".*\/f" was written in place: the name cannot be replaced$/m);
          } finally {
            await umount(target);
          }
          assert(isSame(`${tree}/from/f`, `${tree}/real`), `${old} to ${size} bytes`);
        }
      }
    });
  }

  it("fail with --verify", async () => {
    const tree = await scene.tree({ "f": "new", "real": "old", "to/f": "" });
    await mount("--bind", `${tree}/real`, `${tree}/to/f`);
    try {
      const { code, stderr } = await runEscp(["--verify", `${tree}/f`, `${tree}/to`]);
      assertEquals(code, 1);
      assertMatch(stderr, /^escp: Cannot write ".*\/to\/f": Device or resource busy$/m);
    } finally {
      await umount(`${tree}/to/f`);
    }
    assertEquals(Deno.readTextFileSync(`${tree}/real`), "old");
  });

  it("of a full disk are replaced by files of the same size with --inplace", async () => {
    for (const engine of ENGINES) {
      await using disk = await mountSmallDisk("size=8m");
      const tree = await scene.tree({ "f": { size: 6 * MIB } });
      await Deno.writeFile(`${disk.path}/f`, new Uint8Array(6 * MIB).fill(1));
      const args = ["--engine", engine, `${tree}/f`, disk.path];
      assertEquals((await runEscp(args)).code, 1);
      const { code, stderr } = await runEscp(["--inplace", ...args]);
      assertEquals([code, stderr], [0, ""]);
      assert(isSame(`${tree}/f`, `${disk.path}/f`));
    }
  });
});

const why = plainRightsProblem ?? otherUserProblem;

describeWithScene(
  `names that cannot be replaced${why === undefined ? "" : ` (skipped: ${why})`}`,
  { ignore: why !== undefined },
  (scene) => {
    // The users of the test cannot use ssh.
    for (const variant of VARIANTS.filter(({ direction }) => direction === "local")) {
      it(`in a directory without write permission are written in place (${variantName(variant)})`, async () => {
        await writesInPlace(variant, PLAIN_RIGHTS, (directory) => Deno.chmod(directory, 0o555));
      });

      it(`in a sticky directory are written in place (${variantName(variant)})`, async () => {
        await writesInPlace(variant, AS_OTHER_USER, (directory) => Deno.chmod(directory, 0o1777));
      });
    }

    it("fail if the file cannot be written either", async () => {
      const tree = await scene.tree({ "f": "new", "to/f": { content: "old", mode: 0o444 } });
      await Deno.chmod(`${tree}/to`, 0o555);
      using _ = await wrapEscp(scene, { command: PLAIN_RIGHTS });
      const { code, stderr } = await runEscp([`${tree}/f`, `${tree}/to`]);
      assertEquals(code, 1);
      assertMatch(stderr, /^escp: Cannot write ".*\/to\/f": Permission denied$/m);
      await Deno.chmod(`${tree}/to`, 0o755);
    });

    async function writesInPlace(
      variant: Variant,
      command: readonly string[],
      protect: (directory: string) => Promise<void>,
    ): Promise<void> {
      for (const [size, old] of SIZES) {
        const tree = await scene.tree({ "f": { size, mode: 0o644 }, "to/f": { size: old, mode: 0o666 } });
        await Deno.chmod(tree, 0o755);
        await protect(`${tree}/to`);
        const { ino } = Deno.statSync(`${tree}/to/f`);
        using _ = await wrapEscp(scene, { command });
        const { code, stderr } = await scene.copy(variant, { sources: [`${tree}/f`], target: `${tree}/to` });
        await Deno.chmod(`${tree}/to`, 0o755);
        assertEquals(code, 0, stderr);
        assertMatch(stderr, NOTE);
        assertEquals(Deno.statSync(`${tree}/to/f`).ino, ino);
        assert(isSame(`${tree}/f`, `${tree}/to/f`), `${old} to ${size} bytes, user ${OTHER_USER}`);
      }
    }
  },
);

function isSame(one: string, other: string): boolean {
  return equals(Deno.readFileSync(one), Deno.readFileSync(other));
}

async function mount(...args: string[]): Promise<void> {
  const { success } = await new Deno.Command("mount", { args }).output();
  assert(success, `mount ${args.join(" ")}`);
}

async function umount(path: string): Promise<void> {
  await new Deno.Command("umount", { args: ["-l", path] }).output();
}
