import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { oldEscpFlags } from "../../../support/escp/old_escp.ts";
import { it } from "@std/testing/bdd";
import { runEscp } from "../../../support/escp/escp_command.ts";
import { remoteConfig } from "../../../support/escp/remote_settings.ts";
import { makeFifo } from "../../../support/files/fifo.ts";
import { mountSmallDisk, smallDiskProblem } from "../../../support/files/small_disk.ts";
import { describeWithScene, ENGINES, rotatingVariants, variantName, VARIANTS } from "../../../support/scene.ts";
import { pathsIn } from "../../../support/files/paths_in.ts";

const LARGE = 3 << 20;
const SOURCE = {
  "s/small": "new",
  "s/large": { size: LARGE, seed: 2 },
  "s/link": { link: "new" },
  "s/sub/deep/file": "new file",
  "s/added": "added",
};
const TARGET = {
  "to/s/small": "old",
  "to/s/large": { size: LARGE, seed: 1 },
  "to/s/link": { link: "old" },
  "to/s/sub/deep/file": { content: "old", mode: 0o640 },
  "to/s/other": "other",
};

describeWithScene("--backup", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    const name = variantName(variant);

    it(`keeps replaced files and links beside the new ones (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...TARGET, "to/s/small~": "older" });
      const before = Deno.statSync(`${tree}/to/s/large`);
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r", "--symlinks=preserve", "-b"],
        sources: [`${tree}/s`],
        target: `${tree}/to`,
      });
      assertEquals([code, stderr], [0, ""]);
      assertEquals(pathsIn(`${tree}/to/s`), [
        "added",
        "large",
        "large~",
        "link",
        "link~",
        "other",
        "small",
        "small~",
        "sub",
        "sub/deep",
        "sub/deep/file",
        "sub/deep/file~",
      ]);
      assertEquals(Deno.readTextFileSync(`${tree}/to/s/small`), "new");
      assertEquals(Deno.readTextFileSync(`${tree}/to/s/small~`), "old");
      assertEquals(Deno.readLinkSync(`${tree}/to/s/link~`), "old");
      const after = Deno.statSync(`${tree}/to/s/large~`);
      assertEquals([after.ino, after.nlink, after.mtime], [before.ino, 1, before.mtime]);
      assertEquals(Deno.statSync(`${tree}/to/s/sub/deep/file~`).mode! & 0o777, 0o640);
    });

    it(`keeps replaced files under their paths in --backup-dir (${name})`, async () => {
      for (const place of ["old/first", "../old/second", "/absolute"]) {
        const tree = await scene.tree({ ...SOURCE, ...TARGET });
        const directory = place.startsWith("/") ? `${tree}${place}` : place;
        const { code, stderr } = await scene.copy(variant, {
          flags: ["-a", "--backup-dir", directory, ...(place === "/absolute" ? ["--suffix=.was"] : ["--fsync"])],
          sources: [`${tree}/s`],
          target: `${tree}/to`,
        });
        assertEquals([code, stderr], [0, ""]);
        const kept = place.startsWith("/") ? directory : `${tree}/to/${place}`;
        const suffix = place === "/absolute" ? ".was" : "";
        assertEquals(pathsIn(kept), [
          "s",
          `s/large${suffix}`,
          `s/link${suffix}`,
          `s/small${suffix}`,
          "s/sub",
          "s/sub/deep",
          `s/sub/deep/file${suffix}`,
        ]);
        assertEquals(Deno.readTextFileSync(`${kept}/s/sub/deep/file${suffix}`), "old");
        assertEquals(Deno.statSync(`${kept}/s/sub`).mode! & 0o7777, 0o700);
        assertEquals(Deno.readTextFileSync(`${tree}/to/s/sub/deep/file`), "new file");
      }
    });

    it(`keeps the file that a single file replaces (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...TARGET });
      for (
        const [flags, target, kept] of [
          [["-b"], "to/s/other", "to/s/other~"],
          [["--backup-dir=old"], "to/s/other", "to/s/old/other"],
          [["--backup-dir=old"], "to/s", "to/s/old/small"],
          [["--suffix=.bak", "--verify"], "to/s/large", "to/s/large.bak"],
        ] as const
      ) {
        const old = Deno.readFileSync(`${tree}/${target === "to/s" ? "to/s/small" : target}`);
        const operands = {
          sources: [`${tree}/s/${target.endsWith("large") ? "large" : "small"}`],
          target: `${tree}/${target}`,
        };
        const { code, stderr } = await scene.copy(variant, { flags: [...flags], ...operands });
        assertEquals([code, stderr], [0, ""]);
        assertEquals(Deno.readFileSync(`${tree}/${kept}`), old);
        Deno.writeTextFileSync(`${tree}/to/s/other`, "other");
      }
    });

    it(`leaves unchanged files, and files that are replaced by the same contents, alone (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...TARGET });
      const copy = { sources: [`${tree}/s`], target: `${tree}/to` };
      assertEquals((await scene.copy(variant, { ...copy, flags: ["-a", "-u", "--backup"] })).code, 0);
      const kept = pathsIn(`${tree}/to`);
      assertEquals((await scene.copy(variant, { ...copy, flags: ["-a", "-u", "--backup"] })).code, 0);
      const small = { ...copy, sources: [`${tree}/s/small`, `${tree}/s/sub`], target: `${tree}/to/s` };
      assertEquals((await scene.copy(variant, { ...small, flags: ["-a", "--backup"] })).code, 0);
      assertEquals(pathsIn(`${tree}/to`), kept);
      assertEquals(Deno.readTextFileSync(`${tree}/to/s/small~`), "old");
    });

    it(`changes nothing with -n (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...TARGET });
      const before = pathsIn(tree);
      const { code } = await scene.copy(variant, {
        flags: ["-a", "-n", "--backup-dir=old"],
        sources: [`${tree}/s`],
        target: `${tree}/to`,
      });
      assertEquals(code, 0);
      assertEquals(pathsIn(tree), before);
    });
  }

  it("keeps a FIFO that a file replaces", async () => {
    for (const [index, variant] of rotatingVariants(0).entries()) {
      const tree = await scene.tree({ ...SOURCE, "to/s/other": "other" });
      makeFifo(`${tree}/to/s/small`);
      const flags = ["-a", ...(index % 2 === 0 ? ["-b"] : ["--backup-dir=../old", "--suffix=~"])];
      const { code, stderr } = await scene.copy(variant, { flags, sources: [`${tree}/s`], target: `${tree}/to` });
      assertEquals([code, stderr], [0, ""]);
      const kept = index % 2 === 0 ? `${tree}/to/s/small~` : `${tree}/old/s/small~`;
      assertEquals([Deno.lstatSync(kept).isFifo, Deno.readTextFileSync(`${tree}/to/s/small`)], [true, "new"]);
    }
  });

  it("does not replace a file whose backup cannot be kept", async () => {
    for (const variant of rotatingVariants(1)) {
      const tree = await scene.tree({
        ...{ "s/blocked": "new", "s/private": "new", "s/good": "new" },
        ...{ "to/s/blocked": "old", "to/s/blocked~/file": "", "to/s/good": "old" },
      });
      const copy = { flags: ["-a", "-b"], sources: [`${tree}/s`], target: `${tree}/to` };
      const { code, stderr } = await scene.copy(variant, copy);
      assertEquals(code, 1);
      assertMatch(stderr, /^escp: Cannot back up ".*\/to\/s\/blocked": Is a directory$/m);
      assertEquals(Deno.readTextFileSync(`${tree}/to/s/blocked`), "old");
      assertEquals(Deno.readTextFileSync(`${tree}/to/s/good~`), "old");
      assertEquals(pathsIn(`${tree}/to`).filter((path) => path.includes(".escp-")), []);
    }
  });

  it("follows no link to the backup directory, and creates no private name", async () => {
    for (const variant of rotatingVariants(2)) {
      const tree = await scene.tree({ ...SOURCE, ...TARGET, "to/old": { link: "../out" }, "out/file": "" });
      const copy = { sources: [`${tree}/s`], target: `${tree}/to` };
      const linked = await scene.copy(variant, { ...copy, flags: ["-a", "--backup-dir=old/x"] });
      assertEquals(linked.code, 1);
      assertStringIncludes(linked.stderr, "it is a symbolic link");
      assertEquals([pathsIn(`${tree}/out`), Deno.readTextFileSync(`${tree}/to/s/small`)], [["file"], "old"]);
      // The directory of a replaced file may be a link in the directory of backups.
      const planted = await scene.tree({
        ...SOURCE,
        ...TARGET,
        "to/old/s/sub": { link: "../../../out" },
        "out/file": "",
      });
      const below = { sources: [`${planted}/s`], target: `${planted}/to`, flags: ["-a", "--backup-dir=old"] };
      const { code, stderr } = await scene.copy(variant, below);
      assertEquals(code, 1);
      assertMatch(stderr, /^escp: Cannot back up ".*\/s\/sub\/deep\/file": .*it is a symbolic link$/m);
      assertEquals([pathsIn(`${planted}/out`), Deno.readTextFileSync(`${planted}/to/s/sub/deep/file`)], [
        ["file"],
        "old",
      ]);
      const name = `.escp-x-00000000-00000000.par`;
      const hidden = await scene.tree({ [`s/${name}`]: "new", [`to/s/${name}`]: "old" });
      const privately = { sources: [`${hidden}/s`], target: `${hidden}/to`, flags: ["-a", "--suffix=t"] };
      assertStringIncludes((await scene.copy(variant, privately)).stderr, "its name is reserved");
      assertEquals(Deno.readTextFileSync(`${hidden}/to/s/${name}`), "old");
    }
  });

  it("refuses directories and combinations that cannot keep a backup", async () => {
    const tree = await scene.tree({ ...SOURCE, ...TARGET, file: "" });
    for (
      const [args, message] of [
        [["-b", "--inplace"], 'Cannot use "--backup" with "--inplace"'],
        [["--suffix=a/b"], 'Cannot back up replaced files: the suffix contains "/"'],
        [["--suffix="], 'Option "--suffix" must not be empty'],
        [["--backup-dir="], 'Option "--backup-dir" must not be empty'],
        [["--backup-dir=."], 'Cannot keep backups in ".": it is the target directory'],
        [["--backup-dir=../file/x"], 'Cannot examine "'],
      ] as const
    ) {
      const { stderr } = await runEscp(["-r", ...args, `${tree}/s`, `${tree}/to`]);
      assertStringIncludes(stderr, `escp: ${message}`);
    }
    const { stderr } = await runEscp(["-b", `${tree}/s/small`, "-"]);
    assertStringIncludes(stderr, 'escp: Cannot use "--backup" with standard output');
    assertEquals(Deno.readTextFileSync(`${tree}/to/s/small`), "old");
  });

  it("applies to the target of a copy between two remote hosts", async () => {
    const tree = await scene.tree({ ...SOURCE, ...TARGET });
    const { code, stderr } = await runEscp([
      ...scene.sshd.sshOptions,
      ...["-a", "--backup-dir=old", `testhost:${tree}/s`, `testhost2:${tree}/to`],
    ]);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(Deno.readTextFileSync(`${tree}/to/old/s/small`), "old");
  });
});

describeWithScene("options that keep or link files", (scene) => {
  it("are refused by an older escp before anything is written", async () => {
    const tree = await scene.tree({ ...SOURCE, ...TARGET });
    const old = await oldEscpFlags(scene);
    for (
      const [option, shown] of [["-b", "--backup"], ["--backup-dir=x", "--backup"], ["--link-dest=x", "--link-dest"]]
    ) {
      const copy = { flags: ["-r", option, ...old], sources: [`${tree}/s`], target: `${tree}/to` };
      const { code, stderr } = await scene.copy({ ...VARIANTS[0], direction: "push" }, copy);
      assertEquals(code, 1);
      assertMatch(stderr, new RegExp(`^escp: Cannot (use ${shown}|compare files).* does not support it$`, "m"));
      assertEquals(Deno.readTextFileSync(`${tree}/to/s/small`), "old");
    }
  });
});

describeWithScene("--backup-dir on a remote host", (scene) => {
  for (const engine of ENGINES) {
    it(`stays in the directory that a host confines its sessions to (${engine})`, async () => {
      const tree = await scene.tree({ ...SOURCE, ...TARGET });
      await using _ = await remoteConfig(scene, `root: ${tree}/to\n`);
      const copy = { sources: [`${tree}/s`], target: "." };
      for (const directory of ["../old", `${tree}/old`]) {
        const flags = ["-a", "--backup-dir", directory];
        const { code, stderr } = await scene.copy({ direction: "push", engine, streams: 1 }, { ...copy, flags });
        assertEquals(code, 1);
        assertStringIncludes(stderr, "that host allows only paths in");
      }
      assertEquals(Deno.readTextFileSync(`${tree}/to/s/small`), "old");
    });
  }
});

const why = smallDiskProblem === undefined ? "" : ` (skipped: ${smallDiskProblem})`;

describeWithScene(`--backup-dir on another disk${why}`, { ignore: smallDiskProblem !== undefined }, (scene) => {
  for (const variant of rotatingVariants(0)) {
    it(`is refused before anything is copied (${variantName(variant)})`, async () => {
      await using disk = await mountSmallDisk("size=1m");
      const tree = await scene.tree({ ...SOURCE, ...TARGET });
      const flags = ["-a", "--backup-dir", `${disk.path}/old`];
      const { code, stderr } = await scene.copy(variant, { flags, sources: [`${tree}/s`], target: `${tree}/to` });
      assertEquals(code, 1);
      assertMatch(stderr, /^escp: Cannot keep backups in ".*": it is on another file system than ".*\/to"$/m);
      assertEquals([pathsIn(disk.path), Deno.readTextFileSync(`${tree}/to/s/small`)], [[], "old"]);
    });
  }
});
