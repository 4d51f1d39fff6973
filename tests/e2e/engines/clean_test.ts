import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { oldJournal, oldName } from "../../security/old_formats.ts";
import { alteredEscp, type EscpResult, runEscp, useAsEscp, writeEscpWrapper } from "../../support/escp/escp_command.ts";
import { assertSame, killOthers, untilNoted } from "../../support/escp/interruptions.ts";
import { parseEvents } from "../../support/escp/json_events.ts";
import { listNames } from "../../support/files/list_names.ts";
import {
  OTHER_USER,
  otherUserProblem,
  plainRightsProblem,
  writeOthersEscp,
  writePlainEscp,
} from "../../support/files/plain_rights.ts";
import { remoteConfig } from "../../support/escp/remote_settings.ts";
import { describeWithScene, type Engine, ENGINES } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";
import { recordsOf } from "../../support/escp/state.ts";
import type { TreeEntries } from "../../support/files/temp_tree.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";

const NAMES = { partial: oldName("big", "part"), journal: oldName("big", "journal") };
const TEMPORARY = ".escp-5f2a09c1-00000a01-0000002f.part";
const FOREIGN = ".escp-5f2a09c1-00000a01-0000002f.part.txt";
const SOURCE = { dev: 1, inode: 2, size: 9, mtime: 1, mtimeNs: 0, ctime: 1, ctimeNs: 0 };
/** Files that an abandoned copy of a directory left, and files with similar names. */
const LEFT: TreeEntries = {
  [`data/sub/${NAMES.journal}`]: oldJournal("big", SOURCE, new Uint8Array()),
  [`data/sub/${NAMES.partial}`]: "123456789",
  [`data/${TEMPORARY}`]: "12",
  [`data/${FOREIGN}`]: "mine",
  "data/file": "file",
  "data/link": { link: "../out" },
  [`out/${TEMPORARY}`]: "out",
};

describeWithScene("--clean", (scene) => {
  /** An escp with a clock two days ahead, by engine. */
  const later: Record<string, string> = {};
  beforeAll(async () => {
    for (const engine of ENGINES) later[engine] = await writeEscp(engine, "later.ts", "2");
  });

  /** Writes a program of altered_escp/ as an `escp` with this engine and returns its path. */
  async function writeEscp(engine: Engine, script: string, ...first: string[]): Promise<string> {
    const directory = await scene.tree();
    await writeWrapper(`${directory}/script`, alteredEscp(script, ...first));
    using _ = useAsEscp(`${directory}/script`);
    return await writeEscpWrapper(directory, { engine });
  }

  /** Runs --clean with this escp at both ends. Default: the usual one. */
  async function clean(engine: Engine, escp: string | undefined, args: string[]): Promise<EscpResult> {
    const remote = ["-D", escp ?? `${scene.sshd.binDirectory}/${engine}/escp`];
    using _ = escp === undefined ? undefined : useAsEscp(escp);
    return await runEscp([...scene.sshd.sshOptions, ...remote, "--engine", engine, "--clean", ...args]);
  }

  for (const engine of ENGINES) {
    for (const host of ["", "testhost:"]) {
      const where = `${host ? "remote" : "local"}, ${engine}`;

      it(`removes old files and reports each of them and the totals (${where})`, async () => {
        const tree = await scene.tree(LEFT);
        const lines = (verb: string, last: string) =>
          [
            `${verb}  ${host}${tree}/data/${TEMPORARY}  2 B`,
            `${verb}  ${host}${tree}/data/sub/${NAMES.journal}  512 B`,
            `${verb}  ${host}${tree}/data/sub/${NAMES.partial}  9 B`,
            last,
          ].sort();
        const lastLines = ({ stdout }: EscpResult) => stdout.trimEnd().split("\n").sort();
        const young = await clean(engine, later[engine], ["--older-than", "3d", `${host}${tree}/data`]);
        const left = "0 files removed, 0 B; 3 kept: in use, or changed less than 3d ago";
        assertEquals([young.code, young.stderr, lastLines(young)], [0, "", [left]]);
        const dry = await clean(engine, later[engine], ["-n", `${host}${tree}/data`]);
        assertEquals([dry.code, dry.stderr, lastLines(dry)], [0, "", lines("remove ", "3 files to remove, 523 B")]);
        assertEquals(temporaryFiles(tree).length, 5);
        const done = await clean(engine, later[engine], [`${host}${tree}/data`]);
        assertEquals([done.code, done.stderr, lastLines(done)], [0, "", lines("removed", "3 files removed, 523 B")]);
        assertEquals(temporaryFiles(tree).sort(), [`${tree}/data/${FOREIGN}`, `${tree}/out/${TEMPORARY}`]);
      });
    }

    it(`keeps files of a running copy at any age, and removes them after it is killed (${engine})`, async () => {
      const from = await scene.tree({ "big": { size: 32 << 20 } });
      const to = await scene.tree();
      const variant = { direction: "push", engine, streams: 1 } as const;
      const flags = ["-l", "4000", "--retries", "0"];
      const copy = { sources: [`${from}/big`], target: `${to}/big` };
      await using running = await scene.start(variant, { ...copy, flags, timeoutMs: 120_000 });
      await untilNoted(to, 1 << 18, running);
      for (const host of ["", "testhost:"]) {
        const { code, stdout } = await clean(engine, later[engine], ["--older-than", "0", `${host}${to}`]);
        // The local state directory has no record of the copy, but the partial file is locked.
        const files = host === "" ? 1 : 2;
        const left = `0 files removed, 0 B; ${files} kept: in use, or changed less than 1m ago\n`;
        assertEquals([code, stdout], [0, left]);
      }
      running.kill("SIGKILL");
      await killOthers(scene, running, /--receiver/);
      await running.result;
      const { code, stdout } = await clean(engine, undefined, ["--older-than", "0", `testhost:${to}`]);
      assertEquals(code, 0);
      assertMatch(stdout, /^2 files removed, .* [KM]iB$/m);
      assertEquals([listNames(to), recordsOf(to)], [[], []]);
      // A later copy starts from the beginning.
      assertEquals((await scene.copy(variant, copy)).code, 0);
      await assertSame(`${from}/big`, `${to}/big`);
    });

    it(`stays in the directory to which a host confines its sessions (${engine})`, async () => {
      const tree = await scene.tree({ ...LEFT, "data/to-out": { link: "../out" } });
      await using _ = await remoteConfig(scene, `root: ${tree}/data\n`);
      const before = temporaryFiles(tree);
      const directories = [`${tree}/out`, "../out", `${tree}/data/to-out`, tree, "~/../out", "/"];
      const outside = await clean(engine, later[engine], directories.map((directory) => `testhost:${directory}`));
      for (const directory of directories) {
        assertStringIncludes(outside.stderr, `"${directory}": that host allows only paths in "${tree}/data"\n`);
      }
      assertEquals([outside.code, outside.stdout], [1, "0 files removed, 0 B; 6 failed\n"]);
      assertEquals(temporaryFiles(tree), before);
      const { code, stderr } = await clean(engine, later[engine], ["-q", "testhost:."]);
      assertEquals([code, stderr], [0, ""]);
      assertEquals(temporaryFiles(tree).sort(), [`${tree}/data/${FOREIGN}`, `${tree}/out/${TEMPORARY}`]);
    });

    it(
      `reports files that it cannot read or remove, and continues (${engine})`,
      { ignore: !!plainRightsProblem },
      async () => {
        const tree = await scene.tree({
          [`a/${TEMPORARY}`]: "1",
          [`b/closed/${TEMPORARY}`]: "2",
          [`c/fixed/${TEMPORARY}`]: "3",
        });
        const plain = await writePlainEscp(await scene.tree(), [later[engine]]);
        await Deno.chmod(`${tree}/b/closed`, 0);
        await Deno.chmod(`${tree}/c/fixed`, 0o500);
        for (const host of ["testhost:", ""]) {
          await Deno.writeTextFile(`${tree}/a/${TEMPORARY}`, "1");
          const args = ["b", "c", "none", "a", `a/${TEMPORARY}`].map((name) => `${host}${tree}/${name}`);
          const { code, stdout, stderr } = await clean(engine, plain, args);
          const shown = host ? "testhost: " : "";
          const failures = stderr.split("\n").filter((line) => line.startsWith("escp: ")).sort();
          assertEquals(
            failures,
            [
              `escp: ${shown}Cannot clean "${tree}/a/${TEMPORARY}": Not a directory`,
              `escp: ${shown}Cannot read "${tree}/b/closed": Permission denied`,
              `escp: ${shown}Cannot read "${tree}/none": No such file or directory`,
              `escp: ${shown}Cannot remove "${tree}/c/fixed/${TEMPORARY}": Permission denied`,
            ],
          );
          assertEquals(code, 1);
          assertStringIncludes(stdout, "\n1 file removed, 1 B; 4 failed\n");
        }
        await Deno.chmod(`${tree}/b/closed`, 0o700);
        await Deno.chmod(`${tree}/c/fixed`, 0o700);
      },
    );
  }

  for (const engine of ENGINES) {
    it(
      `keeps files of other users even if it may remove them (${engine})`,
      { ignore: !!otherUserProblem },
      async () => {
        const mine = ".escp-5f2a09c1-00000a01-00000030.part";
        const tree = await scene.tree({
          ...LEFT,
          [`data/${oldName("/x", "run")}`]: "",
          [`data/${mine}`]: "mine",
          "data/pair": { directory: true },
        });
        // This partial file belongs to the user, but its journal does not.
        await Deno.copyFile(`${tree}/data/sub/${NAMES.journal}`, `${tree}/data/pair/${NAMES.journal}`);
        await Deno.writeTextFile(`${tree}/data/pair/${NAMES.partial}`, "mine");
        for (const own of [mine, `pair/${NAMES.partial}`]) {
          await Deno.chown(`${tree}/data/${own}`, OTHER_USER, OTHER_USER);
        }
        for (const directory of ["data", "data/sub", "data/pair"]) {
          await Deno.chmod(`${tree}/${directory}`, 0o777);
        }
        const others = await writeOthersEscp(await scene.tree(), [later[engine]]);
        const before = temporaryFiles(tree);
        const { code, stdout, stderr } = await clean(engine, others, [`${tree}/data`]);
        assertEquals([code, stderr], [0, ""]);
        assertEquals(temporaryFiles(tree), before.filter((path) => !path.endsWith(mine)));
        assertStringIncludes(stdout, "\n1 file removed, 4 B");
        // Root removes files of all users.
        assertEquals((await clean(engine, later[engine], [`${tree}/data`])).code, 0);
        assertEquals(temporaryFiles(tree).sort(), [`${tree}/data/${FOREIGN}`, `${tree}/out/${TEMPORARY}`]);
      },
    );
  }

  const engine = ENGINES[0];

  it("accepts directories of several hosts and of this machine, remote patterns, and --json", async () => {
    const [here, one, two] = [await scene.tree(LEFT), await scene.tree(LEFT), await scene.tree(LEFT)];
    const odd = "od\nd\x1b[2J";
    await Deno.rename(`${two}/data`, `${two}/${odd}`);
    const args = [`testhost:${one}/d*a`, here, `testhost2:${two}`, `testhost:${one}/out`, "nohost.invalid:x"];
    const { code, stdout, stderr } = await clean(engine, later[engine], ["--json", ...args]);
    assertEquals(code, 1);
    assertMatch(stderr, /^escp: nohost\.invalid: Cannot log in/m);
    const events = parseEvents(stdout);
    assertEquals(events[0].event, "start");
    assertEquals(events[0].folders.length, 5);
    const removed = events.filter(({ event }) => event === "removed");
    assertEquals(
      removed.map(({ host }) => host).sort(),
      [...Array(4).fill("testhost"), ...Array(4).fill("testhost2")]
        .concat(Array(4).fill(undefined)),
    );
    assertEquals(removed.some(({ path }) => path === `${two}/${odd}/${TEMPORARY}`), true);
    const { status, exitStatus, files, bytes, failed, kept } = events.at(-1);
    assertEquals(
      { status, exitStatus, files, bytes, failed, kept },
      { status: "failed", exitStatus: 1, files: 12, bytes: 3 * 526, failed: 1, kept: 0 },
    );
    for (const tree of [here, one, two]) assertEquals(temporaryFiles(tree).length, 1);
  });

  it("escapes control characters, and prints nothing with -q", async () => {
    const tree = await scene.tree();
    const odd = `${tree}/od\nd\x1b[2J\u202e`;
    for (const quiet of [false, true]) {
      await Deno.mkdir(odd, { recursive: true });
      await Deno.writeTextFile(`${odd}/${TEMPORARY}`, "12");
      const { code, stdout } = await clean(engine, later[engine], [...(quiet ? ["-q"] : []), `testhost:${tree}`]);
      assertEquals(code, 0);
      if (quiet) assertEquals(stdout, "");
      else assertStringIncludes(stdout, `/od\\nd\\x1b[2J\\u202e/${TEMPORARY}  2 B\n1 file removed, 2 B\n`);
    }
  });

  it("is refused by a host that does not allow writing", async () => {
    const tree = await scene.tree(LEFT);
    await using _ = await remoteConfig(scene, "allow: [pull]\n");
    for (const flags of [[], ["-n"]]) {
      const { code, stdout, stderr } = await clean(engine, later[engine], [...flags, `testhost:${tree}`]);
      assertEquals([code, stdout], [1, ""]);
      assertStringIncludes(stderr, "the remote host does not allow clients to write, which includes --clean");
    }
    assertEquals(temporaryFiles(tree).length, 5);
  });

  it("is refused by an older escp", async () => {
    const tree = await scene.tree(LEFT);
    const old = await writeEscp(engine, "without_features.ts");
    const args = [...scene.sshd.sshOptions, "-D", old, "--clean", `testhost:${tree}`];
    const { code, stderr } = await runEscp(args);
    assertMatch(stderr, /^escp: Cannot use --clean: escp \S+ on testhost does not support it$/m);
    assertEquals([code, temporaryFiles(tree).length], [1, 5]);
  });
});
