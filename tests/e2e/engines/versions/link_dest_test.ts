import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { it } from "@std/testing/bdd";
import { quoteWord } from "../../../../src/ssh/shell_quote.ts";
import { escpCommand, runEscp } from "../../../support/escp/escp_command.ts";
import { remoteConfig } from "../../../support/escp/remote_settings.ts";
import { mountSmallDisk, smallDiskProblem } from "../../../support/files/small_disk.ts";
import { pathsIn } from "../../../support/files/paths_in.ts";
import { describeWithScene, ENGINES, rotatingVariants, variantName, VARIANTS } from "../../../support/scene.ts";

const LARGE = 9 << 20;
const SOURCE = {
  "s/small": "unchanged",
  "s/changed": "old",
  "s/large": { size: LARGE, seed: 1 },
  "s/sub/deep/file": { content: "unchanged", mode: 0o640 },
  "s/sub/deep/other": { hardLink: "s/sub/deep/file" },
  "s/link": { link: "small" },
};
const UNCHANGED = ["small", "large", "sub/deep/file", "sub/deep/other"];

/** Returns which of the paths are the same files in both directories. */
function linked(one: string, other: string, paths = [...UNCHANGED, "changed"]): string[] {
  return paths.filter((path) => Deno.lstatSync(`${one}/${path}`).ino === Deno.lstatSync(`${other}/${path}`).ino);
}

describeWithScene("--link-dest", { inProcess: true }, (scene) => {
  for (const variant of VARIANTS) {
    const name = variantName(variant);

    it(`links to unchanged files, and sends the others (${name})`, async () => {
      for (const more of [[], ["--checksum"], ["--fsync"], ["--checksum", "--verify"]]) {
        const tree = await scene.tree({ ...SOURCE, "snap/x": "" });
        const first = { flags: ["-a"], sources: [`${tree}/s`], target: `${tree}/snap/1` };
        assertEquals((await scene.copy(variant, first)).code, 0);
        Deno.writeTextFileSync(`${tree}/s/changed`, "new");
        const time = Deno.statSync(`${tree}/snap/1/sub/deep`).mtime;
        const second = { ...first, target: `${tree}/snap/2`, flags: ["-a", "--link-dest", "../1", ...more] };
        const { code, stderr } = await scene.copy(variant, second);
        assertEquals([code, stderr], [0, ""], more.join(" "));
        assertEquals(linked(`${tree}/snap/1`, `${tree}/snap/2`), UNCHANGED);
        assertEquals(pathsIn(`${tree}/snap/2`), pathsIn(`${tree}/s`));
        assertEquals(Deno.readTextFileSync(`${tree}/snap/1/changed`), "old");
        assertEquals(Deno.readTextFileSync(`${tree}/snap/2/changed`), "new");
        assertEquals(Deno.statSync(`${tree}/snap/2/sub/deep/file`).nlink, 4);
        assertEquals(Deno.statSync(`${tree}/snap/2/large`).nlink, 2);
        const source = Deno.statSync(`${tree}/s/sub/deep`);
        const directory = Deno.statSync(`${tree}/snap/2/sub/deep`);
        assertEquals([directory.mode, directory.mtime], [source.mode, source.mtime]);
        assertEquals(Deno.statSync(`${tree}/snap/1/sub/deep`).mtime, time);
      }
    });

    it(`never changes a file of the directory (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, "to/x": "" });
      const copy = { sources: [`${tree}/s`], target: `${tree}/to/1` };
      assertEquals((await scene.copy(variant, { ...copy, flags: ["-a"] })).code, 0);
      Deno.chmodSync(`${tree}/s/small`, 0o600);
      Deno.utimeSync(`${tree}/s/large`, 1e9, 1e9);
      for (const flags of [["-a"], ["-a", "--checksum"], ["-a", "--checksum", "--backup"]]) {
        const before = UNCHANGED.map((path) => Deno.statSync(`${tree}/to/1/${path}`)).map((
          { mode, mtime },
        ) => [mode, mtime]);
        // The target has the files of the first snapshot, as after a copy that was interrupted before the changes.
        const again = { ...copy, target: `${tree}/to/2`, flags: [...flags, "--link-dest=../1"] };
        for (let times = 0; times < 2; times++) {
          assertEquals((await scene.copy(variant, { ...again, sources: [`${tree}/s/.`] })).code, 0);
          Deno.mkdirSync(`${tree}/to/2`, { recursive: true });
          Deno.removeSync(`${tree}/to/2/small`);
          Deno.linkSync(`${tree}/to/1/small`, `${tree}/to/2/small`);
        }
        const after = UNCHANGED.map((path) => Deno.statSync(`${tree}/to/1/${path}`)).map((
          { mode, mtime },
        ) => [mode, mtime]);
        assertEquals(after, before);
        assertEquals(linked(`${tree}/to/1`, `${tree}/to/2`, ["large", "sub/deep/file"]), ["sub/deep/file"]);
        Deno.removeSync(`${tree}/to/2`, { recursive: true });
      }
    });

    it(`replaces a different file by a link, and looks in several directories (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, "to/s/small": "other", "a/s/small": "unchanged", "b/s/large": "" });
      const sync = (path: string) => {
        const { mtime } = Deno.statSync(`${tree}/s/${path}`);
        return mtime!;
      };
      Deno.utimeSync(`${tree}/a/s/small`, sync("small"), sync("small"));
      Deno.copyFileSync(`${tree}/s/large`, `${tree}/b/s/large`);
      Deno.utimeSync(`${tree}/b/s/large`, sync("large"), sync("large"));
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r", "--backup", "--link-dest=../missing", `--link-dest=${tree}/a`, "--link-dest=../b"],
        sources: [`${tree}/s`],
        target: `${tree}/to`,
      });
      assertEquals(code, 0);
      assertMatch(stderr, /^note: Cannot find the --link-dest directory "\.\.\/missing": no file is linked to it\n$/);
      assertEquals(linked(`${tree}/a/s`, `${tree}/to/s`, ["small"]), ["small"]);
      assertEquals(linked(`${tree}/b/s`, `${tree}/to/s`, ["large"]), ["large"]);
      assertEquals(Deno.readTextFileSync(`${tree}/to/s/small~`), "other");
      assertEquals(Deno.readTextFileSync(`${tree}/to/s/changed`), "old");
    });

    it(`links a single file (${name})`, async () => {
      const tree = await scene.tree({ ...SOURCE, "to/x": "" });
      for (const file of ["small", "large"]) {
        const copy = { sources: [`${tree}/s/${file}`], target: `${tree}/to/${file}` };
        assertEquals((await scene.copy(variant, { ...copy, flags: ["-p"] })).code, 0);
        Deno.mkdirSync(`${tree}/to/new`, { recursive: true });
        const again = { ...copy, target: `${tree}/to/new/${file}`, flags: ["-p", "--link-dest=.."] };
        assertEquals((await scene.copy(variant, again)).code, 0);
        assertEquals(linked(`${tree}/to`, `${tree}/to/new`, [file]), [file]);
      }
    });
  }

  it("compares contents with --checksum, and none without", async () => {
    for (const [index, variant] of rotatingVariants(0).entries()) {
      const tree = await scene.tree({ ...SOURCE, "to/x": "" });
      const copy = { sources: [`${tree}/s`], target: `${tree}/to/1` };
      assertEquals((await scene.copy(variant, { ...copy, flags: ["-a"] })).code, 0);
      // Damages the last byte of each file, and keeps its time.
      for (const path of ["small", "large"]) {
        const { mtime } = Deno.statSync(`${tree}/to/1/${path}`);
        using file = Deno.openSync(`${tree}/to/1/${path}`, { write: true });
        file.seekSync(-1, Deno.SeekMode.End);
        file.writeSync(new Uint8Array([0]));
        file.utimeSync(mtime!, mtime!);
      }
      for (const [target, flags] of [["2", []], ["3", ["--checksum"]]] as const) {
        const again = { ...copy, target: `${tree}/to/${target}`, flags: ["-a", "--link-dest=../1", ...flags] };
        assertEquals((await scene.copy(variant, again)).code, 0, `${index}`);
      }
      assertEquals(linked(`${tree}/to/1`, `${tree}/to/2`, ["small", "large"]), ["small", "large"]);
      assertEquals(linked(`${tree}/to/1`, `${tree}/to/3`, UNCHANGED), ["sub/deep/file", "sub/deep/other"]);
      assertEquals(Deno.readFileSync(`${tree}/to/3/large`), Deno.readFileSync(`${tree}/s/large`));
    }
  });

  it("changes nothing with -n", async () => {
    for (const variant of rotatingVariants(1)) {
      const tree = await scene.tree({ ...SOURCE, "to/x": "" });
      const copy = { sources: [`${tree}/s`], target: `${tree}/to/1` };
      assertEquals((await scene.copy(variant, { ...copy, flags: ["-a"] })).code, 0);
      const again = { ...copy, target: `${tree}/to/2`, flags: ["-a", "-n", "--link-dest=../1"] };
      const { code, stdout } = await scene.copy(variant, again);
      assertEquals(code, 0);
      assertMatch(stdout, /^skip .*large/m);
      assertEquals(pathsIn(`${tree}/to`).includes("2"), false);
    }
  });

  it("follows no symbolic link in the directory, nor one to it that is below the target", async () => {
    for (const variant of rotatingVariants(2)) {
      const tree = await scene.tree({ ...SOURCE, "to/x": "" });
      const copy = { sources: [`${tree}/s`], target: `${tree}/to` };
      assertEquals((await scene.copy(variant, { ...copy, flags: ["-a"], target: `${tree}/old` })).code, 0);
      Deno.mkdirSync(`${tree}/links/s`, { recursive: true });
      Deno.symlinkSync("../../old/sub", `${tree}/links/s/sub`);
      Deno.symlinkSync("../../old/small", `${tree}/links/s/small`);
      assertEquals((await scene.copy(variant, { ...copy, flags: ["-a", "--link-dest=../links"] })).code, 0);
      assertEquals(linked(`${tree}/old`, `${tree}/to/s`), []);
      assert(Deno.lstatSync(`${tree}/to/s/small`).isFile);
      Deno.symlinkSync("../old", `${tree}/to/latest`);
      const { code, stderr } = await scene.copy(variant, { ...copy, flags: ["-a", "--link-dest=latest"] });
      assertEquals(code, 1);
      assertStringIncludes(stderr, `Cannot link to files in "${tree}/to/latest": it is a symbolic link`);
      // The user has named a link that is not below the target.
      Deno.symlinkSync("old", `${tree}/latest`);
      const outside = {
        ...copy,
        sources: [`${tree}/s/.`],
        target: `${tree}/new`,
        flags: ["-a", "--link-dest=../latest"],
      };
      assertEquals((await scene.copy(variant, outside)).code, 0);
      assertEquals(linked(`${tree}/old`, `${tree}/new`), [...UNCHANGED, "changed"]);
    }
  });

  it("makes snapshots with the script of the manual", async () => {
    const manual = Deno.readTextFileSync(new URL("../../../../src/cli/MANUAL.md", import.meta.url));
    const [, script] = /^### Snapshots\n\n```sh\n(.*?)```/ms.exec(manual)!;
    const tree = await scene.tree({ ...SOURCE, "snapshots/x": "" });
    // The command date would give both snapshots one name within a second.
    for (
      const [name, note] of [["first", /^note: Cannot find the --link-dest directory "\.\.\/latest": .*\n$/], [
        "second",
        /^$/,
      ]] as const
    ) {
      const command = script.replace("date +%F-%H%M%S", `echo ${name}`).replaceAll("/srv/data", `${tree}/s`)
        .replaceAll("/snapshots", `${tree}/snapshots`).replaceAll("backup", "testhost");
      const words = (...all: string[]) => all.map(quoteWord).join(" ");
      const { sshOptions } = scene.sshd;
      const tools = [
        `escp() { ${words(...escpCommand(), ...sshOptions)} "$@"; }`,
        `ssh() { command ssh ${words(...sshOptions)} "$@"; }`,
      ];
      const { code, stderr } = await runEscp([], { command: ["sh", "-c", [...tools, command].join("\n")] });
      assertEquals(code, 0, stderr);
      assertMatch(stderr, note);
      Deno.writeTextFileSync(`${tree}/s/changed`, "new");
    }
    const [first, second] = ["first", "second"].map((name) => `${tree}/snapshots/${name}`);
    assertEquals(Deno.realPathSync(`${tree}/snapshots/latest`), second);
    assertEquals(linked(first, second), UNCHANGED);
    const counts = [`${first}/changed`, `${second}/changed`, `${second}/small`, `${second}/large`];
    assertEquals(counts.map((path) => Deno.statSync(path).nlink), [1, 1, 2, 2]);
    assertEquals([first, second].map((path) => Deno.readTextFileSync(`${path}/changed`)), ["old", "new"]);
  });

  it("is refused with options that would change the linked files or cannot be compared", async () => {
    for (const option of ["--inplace", "--xattrs", "--acls"]) {
      const { code, stderr } = await runEscp(["--engine=auto", "-a", option, "--link-dest=../old", "s", "t"]);
      assertEquals([code, stderr.startsWith(`escp: Cannot use "--link-dest" with "${option}": `)], [2, true]);
    }
    const many = Array.from({ length: 21 }, (_, index) => `--link-dest=${index}`);
    const { code, stderr } = await runEscp([...many, "s", "t"]);
    assertEquals([code, stderr], [2, 'escp: Cannot use more than 20 directories of "--link-dest"\n']);
  });

  it("applies to the target of a copy between two remote hosts", async () => {
    const tree = await scene.tree({ ...SOURCE, "to/x": "" });
    const args = (to: string) => [...scene.sshd.sshOptions, "-a", `testhost:${tree}/s`, `testhost2:${tree}/to/${to}`];
    assertEquals((await runEscp(args("1"))).code, 0);
    const { code, stderr } = await runEscp(["--link-dest=../1", ...args("2")]);
    assertEquals([code, stderr], [0, ""]);
    assertEquals(linked(`${tree}/to/1`, `${tree}/to/2`, UNCHANGED), UNCHANGED);
  });
});

const why = smallDiskProblem === undefined ? "" : ` (skipped: ${smallDiskProblem})`;

describeWithScene(`--link-dest on a remote host${why}`, { ignore: smallDiskProblem !== undefined }, (scene) => {
  for (const engine of ENGINES) {
    it(`must be on the file system of the target, and in the directory of confined sessions (${engine})`, async () => {
      await using disk = await mountSmallDisk("size=1m");
      const tree = await scene.tree({ ...SOURCE, "to/x": "", "old/s/small": "" });
      const copy = { sources: [`${tree}/s`], target: `${tree}/to` };
      const variant = { direction: "push", engine, streams: 1 } as const;
      const other = await scene.copy(variant, { ...copy, flags: ["-a", `--link-dest=${disk.path}`] });
      assertEquals(other.code, 1);
      assertMatch(other.stderr, /^escp: Cannot link to files in ".*": it is on another file system than ".*\/to"$/m);
      await using _ = await remoteConfig(scene, `root: ${tree}/to\n`);
      for (const directory of ["../old", `${tree}/old`]) {
        const { code, stderr } = await scene.copy(variant, { ...copy, flags: ["-a", "--link-dest", directory] });
        assertEquals(code, 1);
        assertStringIncludes(stderr, "that host allows only paths in");
      }
      assertEquals(pathsIn(`${tree}/to`), ["x"]);
    });
  }
});
