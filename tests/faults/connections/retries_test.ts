import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { alteredEscp, type RunningEscp, startEscp } from "../../support/escp/escp_command.ts";
import {
  assertSame,
  feedUntilBegun,
  killOthers,
  notedBytes,
  untilBegun,
  untilNoted,
  writeLargeFile,
} from "../../support/escp/interruptions.ts";
import { parseEvents } from "../../support/escp/json_events.ts";
import { describeWithScene, rotatingVariants, startScene, type Variant, variantName } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";

const MIB = 1 << 20;
const SIZE = 64 * MIB;
/** Kilobits per second: a copy takes about three seconds, which leaves time to interrupt. */
const SLOW = ["-l", "200000"];
/** Leaves time for two interruptions, and for one of a copy that does not continue. */
const SLOWER = ["-l", "100000"];
/** Retries do not depend on the engine. */
const LOST = rotatingVariants(0);
const OVER_SSH = LOST.filter(({ direction }) => direction !== "local");

describeWithScene("a lost session", (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree();
    await writeLargeFile(`${source}/big`, SIZE);
  });

  function start(variant: Variant, to: string, flags: string[], slow = SLOW): Promise<RunningEscp> {
    return scene.start(variant, { flags: [...slow, ...flags], sources: [`${source}/big`], target: `${to}/big` });
  }

  async function cut(variant: Variant, running: RunningEscp): Promise<void> {
    await killOthers(scene, running, variant.direction === "local" ? /--receiver/ : /^\S*ssh /);
  }

  for (const variant of LOST) {
    it(`continues in another one, with one note: ${variantName(variant)}`, async () => {
      const to = await scene.tree({ "big": "old" });
      await using running = await start(variant, to, []);
      await untilNoted(to, 4 * MIB, running);
      await cut(variant, running);
      const { code, stderr, leftBehind } = await running.result;
      assertEquals(code, 0, stderr);
      // The data connections of a killed receiver may close before its control channel.
      const lost = variant.direction === "local"
        ? "(The session with this machine was lost|All data connections broke)"
        : "The session with testhost was lost";
      assertMatch(stderr, new RegExp(`^note: ${lost} \\(.*\\); trying again in 1 s, 4 tries left\\n$`));
      await assertSame(`${source}/big`, `${to}/big`);
      assertEquals(temporaryFiles(to), []);
      assertEquals(await leftBehind(), []);
    });
  }

  for (const variant of rotatingVariants(1)) {
    it(`followed by another one sends only the rest each time: ${variantName(variant)}`, async () => {
      const to = await scene.tree();
      await using running = await start(variant, to, ["--json"], SLOWER);
      let noted = 0;
      for (let lost = 1; lost <= 2; lost++) {
        await untilNoted(to, noted + 6 * MIB, running);
        await killOthers(scene, running, /--receiver/);
        noted = notedBytes(to);
        await running.waitForText("stdout", new RegExp(`("event":"retry"[^]*){${lost}}`));
      }
      const { code, stderr, stdout } = await running.result;
      assertEquals([code, stderr], [0, ""]);
      await assertSame(`${source}/big`, `${to}/big`);
      const events = parseEvents(stdout);
      const retries = events.filter(({ event }) => event === "retry");
      assertEquals(retries.map(({ seconds, left }) => [seconds, left]), [[1, 4], [2, 3]]);
      const end = events.at(-1);
      assertEquals([end.status, end.files, end.bytes, end.failed], ["ok", 1, SIZE, 0]);
      // The counts of the last session begin with the bytes that it has resumed.
      const last = events.slice(events.indexOf(retries[1])).find(({ event, bytes }) =>
        event === "progress" && bytes > 0
      );
      assert(last.bytes >= noted, `${last.bytes} of ${noted}`);
      assertEquals(end.resumed, 0, "nothing was there before the command");
    });
  }

  for (const variant of rotatingVariants(2)) {
    it(`continues in the directory that it created and reports a failure once: ${variantName(variant)}`, async () => {
      const from = await scene.tree({ "tree/a/small": "small", "tree/a/b": { directory: true } });
      await Deno.copyFile(`${source}/big`, `${from}/tree/z`);
      await Deno.utime(`${from}/tree/z`, 1_700_000_000, 1_700_000_000);
      await Deno.symlink("nowhere", `${from}/tree/dangling`);
      const to = await scene.tree();
      await using running = await scene.start(variant, {
        flags: ["-r", "-v", ...SLOW],
        sources: [`${from}/tree`],
        target: `${to}/new`,
      });
      await untilNoted(to, 4 * MIB, running);
      await cut(variant, running);
      const { code, stderr } = await running.result;
      assertEquals(code, 1, stderr);
      assertEquals(stderr.match(/^escp: .*dangling/gm)?.length, 1, stderr);
      assertMatch(
        stderr,
        /^1 failed, 2 files, 64\.0 MiB copied in [0-9.]+ s \([^)]*\), \d+ streams?, /m,
      );
      assertEquals(temporaryFiles(to), []);
      await Deno.remove(`${from}/tree/dangling`);
      assertEquals(await compareTrees(`${from}/tree`, `${to}/new`), []);
    });
  }

  for (const variant of OVER_SSH) {
    it(`ends the copy with --retries 0: ${variantName(variant)}`, async () => {
      const to = await scene.tree();
      await using running = await start(variant, to, ["--retries", "0"], SLOWER);
      await untilNoted(to, 4 * MIB, running);
      await cut(variant, running);
      const { code, stderr } = await running.result;
      assertEquals(code, 1);
      assertMatch(
        stderr,
        /^escp: Cannot continue: the session with testhost was lost .*\nhint: Run the same command again/,
      );
    });

    it(`stops retrying after Ctrl-C: ${variantName(variant)}`, async () => {
      const to = await scene.tree();
      await using running = await start(variant, to, [], SLOWER);
      await untilNoted(to, 4 * MIB, running);
      await cut(variant, running);
      await running.waitForText("stderr", /trying again/);
      running.kill("SIGINT");
      const { code, stderr, leftBehind } = await running.result;
      assertEquals(code, 130, stderr);
      // A copy that continued would have printed more, because it takes seconds.
      assertMatch(stderr, /4 tries left\nescp: Interrupted\nhint: Run the same command again to resume.*\n$/);
      assertEquals(await leftBehind(), []);
      assert(notedBytes(to) > 0);
    });
  }

  it("ends the copy after all retries with the last reason", async () => {
    const [variant] = OVER_SSH;
    await using own = await startScene();
    const to = await own.tree();
    await using running = await own.start(variant, {
      flags: [...SLOWER, "--retries", "2"],
      sources: [`${source}/big`],
      target: `${to}/big`,
    });
    await untilNoted(to, 4 * MIB, running);
    await Deno.writeTextFile(`${own.sshd.binDirectory}/${variant.engine}/escp`, "#!/bin/sh\nexit 255\n");
    await own.sshd.cutConnections();
    const { code, stderr } = await running.result;
    assertEquals(code, 255, stderr);
    assertEquals(stderr.match(/^note: .*trying again in (1 s, 1 try|2 s, 0 tries) left$/gm)?.length, 2, stderr);
    assertMatch(stderr, /^escp: Cannot log in to testhost: /m);
  });

  it("of a relay is retried", async () => {
    for (const { engine } of OVER_SSH.filter(({ direction }) => direction === "push")) {
      const to = await scene.tree();
      await using running = await startEscp([
        ...scene.sshd.sshOptions,
        ...["-3", "-D", `${scene.sshd.binDirectory}/${engine}/escp`, ...SLOW],
        ...["--", `testhost:${source}/big`, `testhost:${to}/big`],
      ]);
      await untilNoted(to, 4 * MIB, running);
      await killOthers(scene, running, /^\S*ssh /);
      const { code, stderr } = await running.result;
      assertEquals(code, 0, stderr);
      assertMatch(stderr, /^note: The session with testhost was lost .*; trying again in 1 s, 4 tries left$/m);
      await assertSame(`${source}/big`, `${to}/big`);
      assertEquals(temporaryFiles(to), []);
    }
  });

  it("is not retried if an older escp created the target directory, which it would not recognize", async () => {
    const to = await scene.tree();
    const older = await writeWrapper(`${scene.sshd.binDirectory}/older`, alteredEscp("without_features.ts"));
    await using running = await startEscp([
      ...scene.sshd.sshOptions,
      ...["-D", older, "-r", ...SLOWER, "--", source, `testhost:${to}/new`],
    ]);
    await untilBegun(to, running);
    await killOthers(scene, running, /^\S*ssh /);
    const { code, stderr } = await running.result;
    assertEquals(code, 1, stderr);
    assertMatch(
      stderr,
      /^escp: Cannot continue: .*\nhint: escp on testhost is too old to recognize its own unfinished directories/m,
    );
    assert(!stderr.includes("trying again"), stderr);
    assertEquals([...Deno.readDirSync(`${to}/new`)].filter(({ isDirectory }) => isDirectory), []);
  });

  it("is not retried from standard input, which cannot be read twice", async () => {
    const to = await scene.tree();
    const [variant] = LOST;
    await using running = await scene.start(variant, { sources: ["-"], target: `${to}/input`, stdin: "piped" });
    await feedUntilBegun(to, running);
    await cut(variant, running);
    const { code, stderr } = await running.result;
    assertEquals(code, 1, stderr);
    assertMatch(
      stderr,
      /^escp: Cannot continue: .*\nhint: Standard input cannot be resumed: send the data again/m,
    );
    assert(!stderr.includes("trying again"), stderr);
  });
});
