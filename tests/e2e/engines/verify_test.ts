import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { existsSync as exists } from "@std/fs/exists";
import { beforeAll, it } from "@std/testing/bdd";
import { isLeftoverName } from "../../../src/resume/clean/leftovers.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { escpCommand, type EscpResult, runEscp, useAsEscp } from "../../support/escp/escp_command.ts";
import { lastEvent } from "../../support/escp/json_events.ts";
import { listNames } from "../../support/files/list_names.ts";
import { OTHER_USER, otherUserProblem, writeOthersEscp } from "../../support/files/plain_rights.ts";
import { tracingProblem } from "../../support/escp/stopped_at.ts";
import { describeWithScene, ENGINES, variantName, VARIANTS } from "../../support/scene.ts";
import { writeWrapper } from "../../support/shell_script.ts";

const MIB = 1 << 20;
const TREE = {
  ...{ "small": "s", "empty": "", "in/small": "t", "in/large": { size: 3 * MIB, seed: 1 } },
  ...{ "in/huge": { size: 70 * MIB, seed: 2 }, "in/link": { link: "large" }, "hard": { hardLink: "small" } },
};
const FILES = 7;

/** Outcome of a copy whose target was damaged. */
interface Damaged {
  result: EscpResult;
  damages: number;
  to: string;
  manifest: string;
}

const why = tracingProblem === undefined ? "" : ` (skipped: ${tracingProblem})`;

describeWithScene("--verify", { inProcess: true }, (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree(TREE);
  });

  for (const variant of VARIANTS) {
    it(`reads all written files again and no others (${variantName(variant)})`, async () => {
      const to = await scene.tree();
      const copy = (...flags: string[]) =>
        scene.copy(variant, { flags: ["-a", "--verify", "--json", ...flags], sources: [`${source}/.`], target: to });
      const first = await copy();
      assertEquals([first.code, first.stderr], [0, ""]);
      assertEquals([lastEvent(first.stdout).files, lastEvent(first.stdout).verified], [FILES, FILES]);
      assertEquals(await compareTrees(source, to, { modes: true }), []);
      // The backup is removed after the new file is verified.
      assertEquals(lastEvent((await copy("--no-resume")).stdout).verified, FILES);
      assertEquals(await compareTrees(source, to, { modes: true }), []);
      await Deno.remove(`${to}/in/small`);
      const second = await copy("-u");
      assertEquals([second.code, second.stderr], [0, ""]);
      const { files, skipped, verified } = lastEvent(second.stdout);
      assertEquals([files, skipped, verified], [1, FILES - 1, 1]);
    });
  }

  const GENERATED = ["/proc/version", "/proc/uptime", "/sys/kernel/fscaps"].filter(exists);
  for (const variant of VARIANTS) {
    it(`compares the bytes sent if the size of a file is not that of its contents (${variantName(variant)})`, async () => {
      const to = await scene.tree();
      const result = await scene.copy(variant, { flags: ["--verify", "--json"], sources: GENERATED, target: to });
      assertEquals([result.code, result.stderr], [0, ""], result.stdout);
      assertEquals(
        [lastEvent(result.stdout).verified, result.stdout.includes('"note"')],
        [GENERATED.length, false],
        result.stdout,
      );
      assertEquals(await Deno.readTextFile(`${to}/version`), await Deno.readTextFile("/proc/version"));
    });
  }

  for (const engine of ENGINES) {
    it(`works between two remote hosts (${engine})`, async () => {
      const to = await scene.tree();
      const escp = `${scene.sshd.binDirectory}/${engine}/escp`;
      const flags = [...scene.sshd.sshOptions, "-3", "-D", escp, "-a", "--verify", "--json"];
      const result = await runEscp([...flags, "--", `testhost:${source}/.`, `testhost:${to}`]);
      assertEquals([result.code, result.stderr], [0, ""]);
      assertEquals(lastEvent(result.stdout).verified, FILES);
      assertEquals(await compareTrees(source, to, { modes: true }), []);
    });
  }

  /** Copies with an escp that pauses before it reads the target again, and damages the target meanwhile. */
  async function damaged(name: string, times: number, before: Record<string, string> = {}): Promise<Damaged> {
    const directory = await scene.tree();
    const to = await scene.tree(before);
    const slow = ["-e", "trace=fadvise64", "-e", "inject=fadvise64:delay_enter=700000"];
    const words = ["strace", "-f", ...slow, "-o", "/dev/null", ...escpCommand()];
    await writeWrapper(`${directory}/escp`, words);
    using _ = useAsEscp(`${directory}/escp`);
    const good = (await Deno.readFile(`${source}/in/${name}`))[0];
    let damages = 0;
    const timer = setInterval(() => {
      try {
        using file = Deno.openSync(`${to}/${name}`, { read: true, write: true });
        const first = new Uint8Array(1);
        file.readSync(first);
        if (first[0] !== good || damages === times) return;
        file.seekSync(0, Deno.SeekMode.Start);
        file.writeSync(Uint8Array.of(good ^ 1));
        damages++;
      } catch {
        // The file does not exist yet.
      }
    }, 5);
    try {
      const variant = { direction: "local", engine: "native", streams: 1 } as const;
      const flags = ["--verify", "--json", "--manifest", `${directory}/sums`];
      const result = await scene.copy(variant, { flags, sources: [`${source}/in/${name}`], target: to });
      return { result, damages, to, manifest: await Deno.readTextFile(`${directory}/sums`) };
    } finally {
      clearInterval(timer);
    }
  }

  const ignore = tracingProblem !== undefined || !ENGINES.includes("native");
  for (const name of ["small", "large"]) {
    it(`sends a damaged ${name} file again${why}`, { ignore }, async () => {
      const { result, damages, to, manifest } = await damaged(name, 1);
      assertMatch(manifest, new RegExp(`^[0-9a-f]{64}  ${name}\n$`));
      assertEquals([result.code, result.stderr, damages], [0, "", 1]);
      assertStringIncludes(result.stdout, `\\"${name}\\" differs at the target: sending it again`);
      assertEquals([lastEvent(result.stdout).failed, lastEvent(result.stdout).verified], [0, 1]);
      assertEquals(await compareTrees(`${source}/in/${name}`, `${to}/${name}`), []);
    });

    it(
      `removes the name of a ${name} file that is damaged twice, and reports the path of the damaged file${why}`,
      { ignore },
      async () => {
        const { result, damages, to, manifest } = await damaged(name, 9);
        assertEquals(manifest, "");
        assertEquals([result.code, damages], [1, 2]);
        assertEquals(result.stderr.split("Cannot verify").length, 2, result.stderr);
        assertStringIncludes(result.stderr, `Cannot verify "${to}/${name}": the target differs from the source`);
        assertEquals([lastEvent(result.stdout).failed, lastEvent(result.stdout).verified], [1, 0]);
        const [left] = listNames(to);
        assert(isLeftoverName(left), left);
        assertMatch(result.stderr, new RegExp(`^hint: It is kept as ${left}`, "m"));
        assertEquals((await Deno.stat(`${to}/${left}`)).size, (await Deno.stat(`${source}/in/${name}`)).size);
        // The failed copy does not obstruct the next one.
        const variant = { direction: "local", engine: "native", streams: 1 } as const;
        const again = await scene.copy(variant, { flags: ["--verify"], sources: [`${source}/in/${name}`], target: to });
        assertEquals([again.code, again.stderr], [0, ""]);
        assertEquals(await compareTrees(`${source}/in/${name}`, `${to}/${name}`), []);
      },
    );
  }

  for (const name of ["small", "large"]) {
    it(`restores the backup if a ${name} file is damaged twice${why}`, { ignore }, async () => {
      const { result, damages, to } = await damaged(name, 9, { [name]: "previous" });
      assertEquals([result.code, damages], [1, 2], result.stderr);
      assertEquals(await Deno.readTextFile(`${to}/${name}`), "previous");
      const [left, ...more] = listNames(to).filter((each) => each !== name);
      assertMatch(result.stderr, new RegExp(`^hint: It is kept as ${left}`, "m"));
      assertEquals(more, []);
    });

    it(`removes the backup after a ${name} file is verified${why}`, { ignore }, async () => {
      const { result, damages, to } = await damaged(name, 1, { [name]: "previous" });
      assertEquals([result.code, damages], [0, 1], result.stderr);
      assertEquals(listNames(to), [name]);
      assertEquals(await compareTrees(`${source}/in/${name}`, `${to}/${name}`), []);
    });
  }

  for (const engine of ENGINES) {
    it(
      `leaves no second name of a foreign file in a sticky directory (${engine})`,
      { ignore: !!otherUserProblem },
      async () => {
        const to = await scene.tree({ "theirs": "old", "mine": "old" });
        await Deno.chmod(`${to}/theirs`, 0o666);
        await Deno.chown(`${to}/mine`, OTHER_USER, OTHER_USER);
        // Like /tmp.
        await Deno.chmod(to, 0o1777);
        using _ = useAsEscp(await writeOthersEscp(await scene.tree()));
        const from = await scene.tree({ "theirs": "new", "mine": "new" });
        const variant = { direction: "local", engine, streams: 1 } as const;
        const sources = [`${from}/theirs`, `${from}/mine`];
        const result = await scene.copy(variant, { flags: ["--verify", "--no-resume"], sources, target: to });
        assertEquals(result.code, 1);
        assertStringIncludes(result.stderr, `Cannot write "${to}/theirs": Operation not permitted`);
        assertEquals(listNames(to), ["mine", "theirs"]);
        assertEquals((await Deno.stat(`${to}/theirs`)).nlink, 1);
        assertEquals(await Deno.readTextFile(`${to}/mine`), "new");
      },
    );
  }

  it("is refused if the target cannot be read again", async () => {
    const to = await scene.tree();
    const run = async (...args: string[]) => {
      const { code, stderr } = await runEscp(["--verify", ...args]);
      assert(code === 1 || code === 2, stderr);
      return stderr;
    };
    assertMatch(await run("-", `${to}/x`), /Cannot use "--verify" with standard input/);
    assertMatch(await run(`${source}/small`, "-"), /Cannot use "--verify" with standard output/);
    assertMatch(await run("-n", `${source}/small`, to), /Cannot use "--verify" with "--dry-run"/);
    assertMatch(
      await run("--ioengine", "dummy", `${source}/small`, to),
      /Cannot use "--verify" with "--ioengine dummy"/,
    );
    assertMatch(await run(`${source}/small`, "/dev/null"), /Cannot verify "\/dev\/null": it is not a regular file/);
    assertEquals(listNames(to), []);
  });
});
