import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { runEscp } from "../../support/escp/escp_command.ts";
import { untilNoted, writeLargeFile } from "../../support/escp/interruptions.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { listNames } from "../../support/files/list_names.ts";
import {
  describeWithScene,
  ENGINES,
  rotatingVariants,
  type Variant,
  variantName,
  VARIANTS,
} from "../../support/scene.ts";

const TREE = {
  ...{ "small": "s", "empty": "", "in/large": { size: 3 << 20, seed: 1 }, "in/link": { link: "large" } },
  ...{ "in/line\nbreak": "l", "back\\slash": "b", " leading": "i", "-dash": "d", "hard": { hardLink: "small" } },
};
/** All files except the symbolic link, which sha256sum would follow. */
const FILES = ["small", "empty", "in/large", "in/line\nbreak", "back\\slash", " leading", "-dash", "hard"];

const problem = new Deno.Command("sha256sum", { args: ["--version"], stdout: "null" }).outputSync().success
  ? undefined
  : "sha256sum is not installed";

describeWithScene("--manifest", { inProcess: true, ignore: problem !== undefined }, (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree(TREE);
  });

  /** Checks all entries of a manifest by sha256sum in the directory and returns their names. */
  async function checked(directory: string, manifest: string): Promise<string[]> {
    const output = await new Deno.Command("sha256sum", { args: ["-c", "--strict", manifest], cwd: directory }).output();
    const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
    assert(output.success, `${stdout}\n${stderr}\n${await Deno.readTextFile(manifest)}`);
    const lines = stdout.trimEnd().split("\n").map((line) => line.replace(/: OK$/, ""));
    // A backslash precedes a name with escapes.
    return lines.map((line) =>
      line.startsWith("\\") ? line.slice(1).replaceAll("\\n", "\n").replaceAll("\\\\", "\\") : line
    ).sort();
  }

  async function copied(variant: Variant, sources: string[], target: string, ...flags: string[]): Promise<string> {
    const manifest = `${await scene.tree()}/sums`;
    const copy = { flags: ["-a", "--manifest", manifest, ...flags], sources, target };
    const { code, stderr } = await scene.copy(variant, copy);
    assertEquals([code, stderr], [0, ""]);
    return manifest;
  }

  /** Returns the entries that fail the check by sha256sum in the directory. */
  async function wrong(directory: string, manifest: string): Promise<string> {
    const { stdout } = await new Deno.Command("sha256sum", {
      args: ["-c", "--quiet", manifest],
      cwd: directory,
      stderr: "null",
    }).output();
    return new TextDecoder().decode(stdout);
  }

  /** Makes a copy of a directory in which all files but one are finished. */
  async function unfinished(variant: Variant): Promise<{ from: string; to: string }> {
    const mtime = new Date("2001-02-03T04:05:06Z");
    const from = await scene.tree({
      ...{ "small": { content: "s", mtime }, "hard": { hardLink: "small" }, "z": { content: "z", mtime } },
      ...{ "large": { size: 3 << 20, mtime }, "huge": { size: 40 << 20, mtime } },
    });
    const to = await scene.tree({ "z/obstacle": "" });
    const { code, stderr } = await scene.copy(variant, { flags: ["-a"], sources: [`${from}/.`], target: to });
    assertEquals(code, 1, stderr);
    await Deno.remove(`${to}/z`, { recursive: true });
    return { from, to };
  }

  const under = (directory: string) => FILES.map((name) => `${directory}${name}`).sort();

  for (const variant of VARIANTS) {
    it(`contains paths relative to the target (${variantName(variant)})`, async () => {
      const name = source.slice(source.lastIndexOf("/") + 1);
      const to = await scene.tree();
      assertEquals(await checked(to, await copied(variant, [source], to)), under(`${name}/`));
      assertEquals(await checked(`${to}/new`, await copied(variant, [source], `${to}/new`)), under(""));
      const contents = await scene.tree();
      assertEquals(await checked(contents, await copied(variant, [`${source}/.`], contents)), under(""));
      const single = await copied(variant, [`${source}/in/large`], `${to}/other`);
      assertEquals(await checked(to, single), ["other"]);
      const several = await copied(variant, [`${source}/small`, `${source}/in`], contents);
      assertEquals(await checked(contents, several), ["in/large", "in/line\nbreak", "small"]);
    });

    it(`contains only copied files, with -u and --verify too (${variantName(variant)})`, async () => {
      const to = await scene.tree();
      await copied(variant, [`${source}/.`], to);
      await Deno.remove(`${to}/in/large`);
      await Deno.remove(`${to}/empty`);
      assertEquals(await checked(to, await copied(variant, [`${source}/.`], to, "-u", "--verify")), [
        "empty",
        "in/large",
      ]);
      assertEquals(await Deno.readTextFile(await copied(variant, [`${source}/.`], to, "-u")), "");
    });
  }

  for (const variant of VARIANTS) {
    it(`has the digest of the bytes sent of a file without a size (${variantName(variant)})`, async () => {
      const to = await scene.tree();
      assertEquals(await checked(to, await copied(variant, ["/proc/version"], to, "--verify")), ["version"]);
      assertEquals(await Deno.readTextFile(`${to}/version`), await Deno.readTextFile("/proc/version"));
    });

    it(`is correct with -C, --sparse and a rate limit (${variantName(variant)})`, async () => {
      const from = await scene.tree({
        "holes": { sparseSize: 9 << 20, pieces: { [4 << 20]: "data" } },
        "text": "a".repeat(2 << 20),
      });
      for (const flags of [[], ["-C"], ["--no-sparse"], ["-C", "-l", "900000"]]) {
        const to = await scene.tree();
        assertEquals(await checked(to, await copied(variant, [`${from}/.`], to, ...flags)), ["holes", "text"]);
      }
    });

    it(`lists files that an earlier run finished, with digests of the source (${variantName(variant)})`, async () => {
      const { from, to } = await unfinished(variant);
      const names = ["hard", "huge", "large", "small", "z"];
      // A finished file changes without a trace in its size and time.
      const { mtime } = await Deno.stat(`${to}/small`);
      await Deno.writeTextFile(`${to}/small`, "S");
      await Deno.utime(`${to}/small`, mtime!, mtime!);
      const manifest = await copied(variant, [`${from}/.`], to, "--json");
      if (variant.direction === "pull") assertEquals(await Deno.readTextFile(`${to}/small`), "s");
      // The receiver of a push does not compare, but the manifest reveals the change.
      else assertMatch(await wrong(to, manifest), /^(hard|small): FAILED\n(hard|small): FAILED\n$/);
      assertEquals(await checked(from, manifest), names);
    });
  }

  for (const variant of rotatingVariants(0)) {
    it(`has the digest of a file that an earlier run copied partially (${variantName(variant)})`, async () => {
      const from = await scene.tree();
      await writeLargeFile(`${from}/f`, 24 << 20);
      const command = { sources: [`${from}/f`], target: await scene.tree() };
      await using running = await scene.start(variant, { flags: ["-l", "16000", "--retries", "0"], ...command });
      await untilNoted(command.target, 4 << 20, running);
      running.kill("SIGKILL");
      await running.result;
      await scene.sshd.waitForNoSession();
      const manifest = `${await scene.tree()}/sums`;
      const flags = ["-l", "900000", "--json", "--manifest", manifest];
      const { code, stdout, stderr } = await scene.copy(variant, { flags, ...command });
      assertEquals([code, stderr], [0, ""]);
      assert(lastEvent(stdout).resumed >= 4 << 20, stdout);
      assertEquals(await checked(command.target, manifest), ["f"]);
      assertEquals(await checked(from, manifest), ["f"]);
    });
  }

  it("fails for a name that occurs in two sources, unless the files are equal", async () => {
    const tree = await scene.tree({
      "a/x": "one",
      "a/y": "same",
      "b/x": "other",
      "b/y": "same",
      "to": { directory: true },
    });
    const flags = ["-r", "--manifest", `${tree}/sums`];
    const variant = { direction: "local", engine: ENGINES[0], streams: 1 } as const;
    const copy = { flags, sources: [`${tree}/a/.`, `${tree}/b/.`], target: `${tree}/to` };
    const { code, stderr } = await scene.copy(variant, copy);
    assertEquals(code, 1);
    assertEquals(stderr.match(/^escp: .*$/gm), [
      'escp: Cannot list the digest of "x": several sources contain a file of this name',
    ]);
    assertEquals(await checked(`${tree}/to`, `${tree}/sums`), ["y"]);
  });

  it("is refused before anything is copied if it is not possible", async () => {
    const to = await scene.tree();
    const message = async (...args: string[]) => {
      const { code, stderr } = await runEscp([...scene.sshd.sshOptions, ...args]);
      assert(code === 1 || code === 2, stderr);
      return stderr;
    };
    const file = `${source}/small`;
    assertMatch(await message("--manifest", `${to}/no/sums`, file, to), /Cannot write the manifest ".*sums": No such/);
    assertMatch(await message("--manifest", `${to}/s`, "-", `${to}/x`), /Cannot use "--manifest" with standard input/);
    assertMatch(await message("--manifest", `${to}/s`, file, "-"), /Cannot use "--manifest" with standard output/);
    assertMatch(await message("--manifest", `${to}/s`, "-n", file, to), /Cannot use "--manifest" with "--dry-run"/);
    const hosts = ["testhost:a", "testhost:b"];
    assertMatch(await message("--manifest", `${to}/s`, ...hosts), /Cannot use "--manifest" between two remote hosts/);
    assertEquals(listNames(to), []);
  });
});
