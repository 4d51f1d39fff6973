import { assert, assertEquals } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { walkFilesSync } from "../../../../scripts/walk_files.ts";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { runEscp, type RunningEscp, startEscp } from "../../../support/escp/escp_command.ts";
import { killOthers, presentBytes, untilTrue } from "../../../support/escp/interruptions.ts";
import { lastEvent } from "../../../support/escp/json_events.ts";
import { finishedFiles, untilFinished } from "../../../support/escp/run_journals.ts";
import { describeWithScene, ENGINES, rotatingVariants, type Variant, variantName } from "../../../support/scene.ts";
import { recordsOf } from "../../../support/escp/state.ts";
import { temporaryFiles } from "../../../support/escp/temporary_files.ts";

const KIB = 1 << 10;
/** Kilobits per second: half a second per MiB leaves time to interrupt. */
const SLOW = ["-r", "-l", "16000", "--retries", "0"];
/** More than a pack unit has records, because small files of one unit have their names at the same time. */
const SMALL = 1200;
const LARGE = 4;
const FILES = SMALL + LARGE;
/** Number of finished files before the interruption. */
const SOME = 60;

describeWithScene("an interrupted copy of many files", { inProcess: true }, (scene) => {
  let source: string;
  let bytes = 0;
  beforeAll(async () => {
    source = await scene.tree();
    bytes = await makeTree(`${source}/tree`);
  });

  /** Starts a slow copy, interrupts it after `least` files are logged as finished, and returns their number. */
  async function interrupted(
    variant: Variant,
    command: { sources: string[]; target: string },
    { least, kill, flags = [] }: { least: number; kill?: (running: RunningEscp) => Promise<void>; flags?: string[] },
  ): Promise<number> {
    await using running = await scene.start(variant, { flags: [...SLOW, ...flags], ...command });
    await untilFinished(command.target, least, running);
    await (kill ?? ((running) => Promise.resolve(running.kill("SIGKILL"))))(running);
    await running.result;
    await scene.sshd.waitForNoSession();
    const finished = finishedFiles(command.target);
    assert(finished >= least && finished < FILES, "the copy finished before it could be interrupted");
    return finished;
  }

  async function again(variant: Variant, command: { sources: string[]; target: string }, flags: string[] = []) {
    const { code, stdout, stderr } = await scene.copy(variant, { flags: ["-r", "--json", ...flags], ...command });
    assertEquals([code, stderr], [0, ""]);
    assertEquals([temporaryFiles(command.target), recordsOf(command.target)], [[], []]);
    const { files, bytes, resumed, skipped } = lastEvent(stdout);
    return { files, sent: bytes - resumed, skipped };
  }

  const KILLS: [string, ((running: RunningEscp) => Promise<void>) | undefined][] = [
    ["SIGKILL of the client", undefined],
    ["SIGKILL of the receiver", (running) => killOthers(scene, running, /--receiver/)],
  ];
  for (const [index, [how, kill]] of KILLS.entries()) {
    for (const [turn, variant] of rotatingVariants(index).entries()) {
      it(`sends the missing files after ${how}: ${variantName(variant)}`, async () => {
        const parent = await scene.tree();
        const command = (index + turn) % 2 === 0
          ? { sources: [`${source}/tree/.`], target: parent }
          : { sources: [`${source}/tree`], target: `${parent}/new` };
        const finished = await interrupted(variant, command, { least: SOME, kill });
        const present = presentBytes(command.target);
        const { files, sent, skipped } = await again(variant, command);
        assertEquals([files + skipped, skipped], [FILES, finished]);
        // Only files in flight that are not logged yet are sent again.
        assert(sent <= (bytes - present) * 1.1 + 64 * KIB, `${sent} bytes were sent, ${bytes - present} were missing`);
        assertEquals(await compareTrees(`${source}/tree`, command.target, { modes: true }), []);
      });
    }
  }

  for (const variant of rotatingVariants(2)) {
    it(`sends files that were changed since at either end: ${variantName(variant)}`, async () => {
      const from = await scene.tree();
      await makeTree(`${from}/tree`);
      const command = { sources: [`${from}/tree`], target: `${await scene.tree()}/new` };
      await interrupted(variant, command, { least: SOME });
      const [source, restored, target, gone, ...others] = finishedPaths(command.target);
      assert(others.length > 0);
      // All sizes stay. One source gets another time, one keeps its time, and the target of another gets another time.
      await rewrite(`${from}/tree/${source}`, { mtime: 1_600_000_000 });
      await rewrite(`${from}/tree/${restored}`, await timeOf(`${from}/tree/${restored}`));
      const { mtime } = await timeOf(`${command.target}/${target}`);
      await rewrite(`${command.target}/${target}`, { mtime: mtime + 1 });
      await Deno.remove(`${command.target}/${gone}`);
      const noted = finishedFiles(command.target);
      const { files, skipped } = await again(variant, command);
      assert(skipped <= noted - 4, `${skipped} of ${noted} finished files were skipped`);
      assertEquals(files + skipped, FILES);
      assertEquals(await compareTrees(`${from}/tree`, command.target), []);
    });
  }

  for (const variant of rotatingVariants(0)) {
    it(`with --verify compares existing files regardless of their times: ${variantName(variant)}`, async () => {
      const command = { sources: [`${source}/tree`], target: `${await scene.tree()}/new` };
      await interrupted(variant, command, { least: SOME, flags: ["-p", "--verify"] });
      const [path] = finishedPaths(command.target);
      await rewrite(`${command.target}/${path}`, await timeOf(`${source}/tree/${path}`));
      const noted = finishedFiles(command.target);
      const { files, skipped } = await again(variant, command, ["-p", "--verify"]);
      assert(skipped > 0 && skipped < noted, `${skipped} of ${noted}`);
      assertEquals(files + skipped, FILES);
      assertEquals(await compareTrees(`${source}/tree`, command.target, { modes: true, mtimes: "ms" }), []);
    });
  }

  it("is retried automatically and counts each file once", async () => {
    for (const variant of rotatingVariants(1)) {
      const command = { sources: [`${source}/tree`], target: `${await scene.tree()}/new` };
      await using running = await scene.start(variant, {
        flags: ["-r", "-l", "8000", "--json", "--manifest", `${scene.sshd.home}/sums`],
        ...command,
      });
      // The counts of a lost session are those that its receiver had confirmed; the completion log can be ahead of them.
      await untilTrue(() => confirmedFiles(running.printed.stdout) >= SOME, running);
      const [first] = finishedPaths(command.target);
      const { ino } = Deno.statSync(`${command.target}/${first}`);
      await killOthers(scene, running, variant.direction === "local" ? /--receiver/ : /^\S*ssh /);
      const { code, stderr, stdout } = await running.result;
      assertEquals([code, stderr], [0, ""]);
      const { files, skipped } = lastEvent(stdout);
      assertEquals(files + skipped, FILES);
      assert(files >= SOME, `${files} files of both sessions`);
      assertEquals(Deno.statSync(`${command.target}/${first}`).ino, ino, "it was sent again");
      const manifest = await Deno.readTextFile(`${scene.sshd.home}/sums`);
      assertEquals(manifest.trimEnd().split("\n").length, FILES);
      assertEquals(await compareTrees(`${source}/tree`, command.target, { modes: true }), []);
      assertEquals(temporaryFiles(command.target), []);
    }
  });

  it("between two remote hosts sends the missing files", async () => {
    const to = await scene.tree();
    const args = (flags: string[]) => [
      ...scene.sshd.sshOptions,
      ...["-3", "-D", `${scene.sshd.binDirectory}/${ENGINES[0]}/escp`, ...flags],
      ...["--", `testhost:${source}/tree`, `testhost:${to}/new`],
    ];
    await using running = await startEscp(args(SLOW));
    await untilFinished(`${to}/new`, SOME, running);
    running.kill("SIGKILL");
    await running.result;
    await scene.sshd.waitForNoSession();
    const finished = finishedFiles(`${to}/new`);
    const { code, stderr, stdout } = await runEscp(args(["-r", "--json"]));
    assertEquals([code, stderr], [0, ""]);
    const { files, skipped } = lastEvent(stdout);
    assertEquals([files + skipped, skipped], [FILES, finished]);
    assertEquals(await compareTrees(`${source}/tree`, `${to}/new`, { modes: true }), []);
    assertEquals(temporaryFiles(to), []);
  });

  for (const flag of ["-u", "--no-resume"]) {
    it(`that ends with ${flag} leaves no records`, async () => {
      // A killed receiver could not remove the small files in progress.
      const variant: Variant = { ...rotatingVariants(0)[0], direction: "push" };
      const command = { sources: [`${source}/tree/.`], target: await scene.tree() };
      await interrupted(variant, command, { least: SOME });
      const { files, skipped } = await again(variant, command, [flag]);
      assertEquals([files + skipped, skipped > 0], [FILES, false]);
      assertEquals(await compareTrees(`${source}/tree`, command.target), []);
    });
  }

  it("keeps its completion log while a file fails", async () => {
    const [variant] = rotatingVariants(1);
    const from = await scene.tree({ "tree/a": "a", "tree/b": "b" });
    await Deno.symlink("nowhere", `${from}/tree/dangling`);
    await Deno.utime(`${from}/tree/a`, 1_700_000_000, 1_700_000_000);
    await Deno.utime(`${from}/tree/b`, 1_700_000_000, 1_700_000_000);
    const command = { sources: [`${from}/tree`], target: `${await scene.tree()}/new` };
    assertEquals((await scene.copy(variant, { flags: ["-r"], ...command })).code, 1);
    assertEquals([temporaryFiles(command.target), finishedFiles(command.target)], [[], 2]);
    await Deno.remove(`${from}/tree/dangling`);
    assertEquals(await again(variant, command), { files: 0, sent: 0, skipped: 2 });
    assertEquals(await compareTrees(`${from}/tree`, command.target), []);
  });
});

/** Returns how many files the most recent progress event counts. */
function confirmedFiles(stdout: string): number {
  const [latest] = [...stdout.matchAll(/"event":"progress","files":(\d+)/g)].slice(-1);
  return latest === undefined ? 0 : Number(latest[1]);
}

/** Makes directories of small files and some large ones. Returns their bytes. */
async function makeTree(path: string): Promise<number> {
  let sum = 0;
  for (let index = 0; index < FILES; index++) {
    const isLarge = index % (SMALL / LARGE) === SMALL / LARGE - 1;
    const directory = `${path}/${index % 7}/${index % 3}`;
    await Deno.mkdir(directory, { recursive: true });
    const content = new Uint8Array(isLarge ? 1100 * KIB : KIB + index);
    crypto.getRandomValues(content.subarray(0, 1000));
    content.fill(index, 1000);
    await Deno.writeFile(`${directory}/file ${index}`, content);
    await Deno.utime(`${directory}/file ${index}`, 1_700_000_000, 1_700_000_000 + index);
    sum += content.length;
  }
  return sum;
}

/** Returns the paths of small files with final names, the most recent last. */
function finishedPaths(directory: string): string[] {
  const found: { path: string; at: number }[] = [];
  for (const { path, below } of walkFilesSync(directory, { skip: /\/\.escp-[^/]*$/ })) {
    const { size, ctime } = Deno.statSync(path);
    if (size < 64 * KIB) found.push({ path: below, at: ctime!.getTime() });
  }
  return found.sort((a, b) => a.at - b.at).map(({ path }) => path);
}

/** Returns the modification time in seconds since 1970. */
async function timeOf(path: string): Promise<{ mtime: number }> {
  return { mtime: (await Deno.stat(path)).mtime!.getTime() / 1000 };
}

/** Changes a byte of a file and sets its time in seconds since 1970. */
async function rewrite(path: string, { mtime }: { mtime: number }): Promise<void> {
  const bytes = await Deno.readFile(path);
  bytes[bytes.length - 1] ^= 1;
  await Deno.writeFile(path, bytes);
  await Deno.utime(path, mtime, mtime);
}
