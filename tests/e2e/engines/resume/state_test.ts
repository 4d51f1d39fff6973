import { assert, assertEquals, assertMatch } from "@std/assert";
import { beforeAll, it } from "@std/testing/bdd";
import { quoteWord } from "../../../../src/ssh/shell_quote.ts";
import { compareTrees } from "../../../support/files/compare_trees.ts";
import { type EscpResult, type RunningEscp, writeEscpWrapper } from "../../../support/escp/escp_command.ts";
import {
  assertSame,
  killOthers,
  sentBytes,
  takenBytes,
  untilNoted,
  untilTrue,
  writeLargeFile,
} from "../../../support/escp/interruptions.ts";
import { listNames } from "../../../support/files/list_names.ts";
import { systemConfigProblem, writeEscpWithSystemConfig } from "../../../support/escp/remote_settings.ts";
import {
  type Copy,
  describeWithScene,
  ENGINES,
  rotatingVariants,
  type Variant,
  variantName,
  VARIANTS,
} from "../../../support/scene.ts";
import { writeWrapper } from "../../../support/shell_script.ts";
import { OTHER_USER } from "../../../support/files/plain_rights.ts";
import { mountSmallDisk, smallDiskProblem } from "../../../support/files/small_disk.ts";
import { recordsOf } from "../../../support/escp/state.ts";
import { temporaryFiles } from "../../../support/escp/temporary_files.ts";

const MIB = 1 << 20;
const SLOW = ["-l", "100000", "--retries", "0"];

describeWithScene("the records of a receiver", { inProcess: true }, (scene) => {
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "tree/small": "small" });
    await writeLargeFile(`${source}/tree/big`, 64 * MIB);
  });

  for (const variant of VARIANTS) {
    it(`are in its state directory, and only the partial file is next to the target: ${variantName(variant)}`, async () => {
      const to = await scene.tree();
      await using running = await scene.start(variant, {
        flags: ["-r", ...SLOW],
        sources: [`${source}/tree`],
        target: `${to}/new`,
      });
      // Shared files of a local copy have no journal entries.
      await untilTrue(() => takenBytes(to) >= 2 * MIB && recordsOf(to).length === 2, running);
      const names = listNames(`${to}/new`).filter((name) => name.startsWith("."));
      assertEquals(names.length, 1);
      assertMatch(names[0], /^\.escp-[0-9a-f]{32}\.part$/);
      const records = recordsOf(to);
      assertEquals(records.map(({ kind, target }) => [kind, target]).sort(), [
        ["journal", `${to}/new/big`],
        ["run", `${to}/new`],
      ]);
      for (const { path } of records) {
        assertMatch(path, /\/\.local\/state\/escp\/[0-9a-f]{32}\/[0-9a-f]{32}\.(journal|run)$/);
        assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
        assertEquals(Deno.statSync(path.slice(0, path.lastIndexOf("/"))).mode! & 0o777, 0o700);
      }
      running.kill("SIGKILL");
      await running.result;
      await scene.sshd.waitForNoSession();
      const again = await scene.copy(variant, { flags: ["-r"], sources: [`${source}/tree`], target: `${to}/new` });
      assertEquals([again.code, again.stderr], [0, ""]);
      assertEquals([temporaryFiles(to), recordsOf(to)], [[], []]);
      assertEquals(await compareTrees(`${source}/tree`, `${to}/new`), []);
    });

    it(`are removed after success, and do not exist for a small file: ${variantName(variant)}`, async () => {
      const to = await scene.tree();
      for (const name of ["tree/big", "tree", "tree/small"]) {
        const { code, stderr } = await scene.copy(variant, {
          flags: ["-r"],
          sources: [`${source}/${name}`],
          target: to,
        });
        assertEquals([code, stderr, temporaryFiles(to), recordsOf(to)], [0, "", [], []]);
      }
    });
  }

  for (const variant of rotatingVariants(0)) {
    it(`do not apply to another directory with the name of the one that was created: ${variantName(variant)}`, async () => {
      const from = await scene.tree({ "tree/a": "a" });
      await Deno.symlink("nowhere", `${from}/tree/dangling`);
      const to = await scene.tree();
      const command = { flags: ["-r"], sources: [`${from}/tree`], target: `${to}/new` };
      assertEquals((await scene.copy(variant, command)).code, 1);
      // The new directory may even have the inode of the old one.
      await Deno.rename(`${to}/new`, `${to}/moved`);
      await Deno.mkdir(`${to}/new`);
      await Deno.remove(`${from}/tree/dangling`);
      assertEquals((await scene.copy(variant, command)).code, 0);
      assertEquals(await compareTrees(`${from}/tree`, `${to}/new/tree`), []);
    });
  }

  it("do not exist for a directory whose name is not UTF-8", {
    ignore: !ENGINES.includes("native"),
  }, async () => {
    const from = await scene.tree({ "tree/a": "a" });
    const script = 'mv "$1/tree" "$1/$(printf \'\\377\')"';
    const { success } = await new Deno.Command("sh", { args: ["-c", script, "sh", from] }).output();
    assert(success);
    const to = await scene.tree();
    const list = new Uint8Array([...new TextEncoder().encode(`${from}/`), 0xff, 0]);
    const variant: Variant = { direction: "push", engine: "native", streams: 1 };
    for (let run = 0; run < 2; run++) {
      const { code, stderr } = await scene.copy(variant, {
        flags: ["-r", "-0", "--filelist", "-"],
        sources: [],
        target: to,
        stdin: list,
      });
      assertEquals([code, stderr, recordsOf(to)], [0, "", []]);
      const { code: differs } = await new Deno.Command("diff", { args: ["-r", from, to] }).output();
      assertEquals(differs, 0);
    }
  });

  it("are separate for machines that share a home directory", { ignore: !!systemConfigProblem }, async () => {
    const [variant] = VARIANTS;
    const push: Variant = { ...variant, direction: "push" };
    const to = await scene.tree();
    const copy = { sources: [`${source}/tree/big`], target: `${to}/big` };
    await using running = await scene.start(push, { flags: SLOW, ...copy });
    await untilNoted(to, 2 * MIB, running);
    running.kill("SIGKILL");
    await running.result;
    await scene.sshd.waitForNoSession();
    const [left] = temporaryFiles(to);
    const directory = await scene.tree();
    const other = await writeEscpWithSystemConfig(directory, `${scene.sshd.binDirectory}/${push.engine}/escp`, "");
    await Deno.writeTextFile(`${directory}/etc/machine-id`, "0123456789abcdef0123456789abcdef\n");
    const { code, stdout, stderr } = await scene.copy(push, { flags: ["--json", "-D", other], ...copy });
    assertEquals([code, sentBytes(stdout)], [0, 64 * MIB], stderr);
    assertEquals([temporaryFiles(to), recordsOf(to).length], [[left], 1]);
    // The other machine does not clean it either, although it sees both.
    for (const where of ["", to]) {
      const cleaned = await scene.clean(["--older-than", "0", `testhost:${where}`], { flags: ["-D", other] });
      assertEquals([cleaned.code, cleaned.stderr, temporaryFiles(to)], [0, "", [left]]);
    }
    const own = await scene.clean(["--older-than", "0", "testhost:"]);
    assertEquals([own.code, temporaryFiles(to), recordsOf(to)], [0, [], []], own.stdout);
  });
});

/** A state directory that cannot be used: the variables that select it, and the message about it. */
interface Unusable extends AsyncDisposable {
  variables: Record<string, string | undefined>;
  message: string;
}

const nothing = { [Symbol.asyncDispose]: () => Promise.resolve() };
const asRoot = Deno.uid() === 0;
const UNUSABLE: [what: string, make: (directory: string) => Promise<Unusable>, ignore?: boolean][] = [
  ["no home directory", () =>
    Promise.resolve({
      ...nothing,
      variables: { HOME: undefined },
      message: '"~/.local/state/escp": HOME is not set',
    })],
  ["read-only file system", async () => {
    const disk = await mountSmallDisk("size=1m");
    await disk.remount("ro");
    return {
      variables: { XDG_STATE_HOME: `${disk.path}/state` },
      message: `"${disk.path}/state/escp": Read-only file system`,
      [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose](),
    };
  }, !!smallDiskProblem],
  ["foreign directory", async (directory) => {
    await Deno.mkdir(`${directory}/escp`, { mode: 0o700 });
    await Deno.chown(`${directory}/escp`, OTHER_USER, OTHER_USER);
    return {
      ...nothing,
      variables: { XDG_STATE_HOME: directory },
      message: `"${directory}/escp": it belongs to another user`,
    };
  }, !asRoot],
  ["symbolic link", async (directory) => {
    await Deno.mkdir(`${directory}/elsewhere`, { mode: 0o700 });
    await Deno.symlink("elsewhere", `${directory}/escp`);
    return {
      ...nothing,
      variables: { XDG_STATE_HOME: directory },
      message: `"${directory}/escp": it is a symbolic link`,
    };
  }],
  ["world-writable directory", async (directory) => {
    await Deno.mkdir(`${directory}/escp`);
    await Deno.chmod(`${directory}/escp`, 0o777);
    return {
      ...nothing,
      variables: { XDG_STATE_HOME: directory },
      message: `"${directory}/escp": other users may write to it`,
    };
  }],
];

describeWithScene("without a usable state directory", (scene) => {
  const SIZE = 12 * MIB;
  const RATE = ["-l", "30000"];
  let source: string;
  beforeAll(async () => {
    source = await scene.tree({ "tree/small": "small" });
    await writeLargeFile(`${source}/tree/big`, SIZE);
  });

  /** Returns the copy with these variables in the environment of the receiver. */
  async function withVariables(variant: Variant, { variables }: Unusable, copy: Copy): Promise<Copy> {
    if (variant.direction !== "push") return { ...copy, env: variables };
    const directory = await scene.tree();
    const inner = await writeEscpWrapper(directory, {
      engine: variant.engine,
      env: { ESCP_THREADS: "2" },
      cwd: scene.sshd.home,
    });
    const set = Object.entries(variables).map(([name, value]) =>
      value === undefined ? `unset ${name}` : `export ${name}=${quoteWord(value)}`
    );
    const escp = await writeWrapper(`${directory}/unusable`, [inner], ...set);
    return { ...copy, flags: [...copy.flags ?? [], "-D", escp] };
  }

  const run = async (variant: Variant, unusable: Unusable, copy: Copy): Promise<EscpResult> =>
    await scene.copy(variant, await withVariables(variant, unusable, copy));
  const start = async (variant: Variant, unusable: Unusable, copy: Copy): Promise<RunningEscp> =>
    await scene.start(variant, await withVariables(variant, unusable, copy));

  UNUSABLE.forEach(([what, make, ignore = false], index) => {
    for (const variant of rotatingVariants(index)) {
      it(
        `a copy succeeds, explains why it cannot be resumed, and leaves nothing: ${what} (${variantName(variant)})`,
        { ignore },
        async () => {
          await using unusable = await make(await scene.tree());
          const to = await scene.tree();
          const command = { sources: [`${source}/tree`], target: to };
          const host = variant.direction === "push" ? "testhost" : "this machine";
          const message =
            `This copy cannot be resumed: escp on ${host} cannot use the state directory ${unusable.message}\n`;
          const done = await run(variant, unusable, { flags: ["-r", "-v"], ...command });
          assertEquals([done.code, done.stderr.includes(message)], [0, true], done.stderr);
          assertEquals(await compareTrees(`${source}/tree`, `${to}/tree`), []);
          // A failed copy leaves nothing either, and only -v explains.
          const from = await scene.tree({ "tree/small": "small" });
          await Deno.link(`${source}/tree/big`, `${from}/tree/big`).catch(() => {});
          await Deno.symlink("nowhere", `${from}/tree/dangling`);
          const failed = await run(variant, unusable, { flags: ["-r"], sources: [`${from}/tree`], target: to });
          assertEquals([failed.code, failed.stderr.includes("state directory")], [1, false], failed.stderr);
          assertEquals([temporaryFiles(to), recordsOf(to)], [[], []]);
        },
      );
    }
  });

  const [[, noHome]] = UNUSABLE;
  for (const variant of VARIANTS) {
    it(`Ctrl-C leaves nothing, and the hint promises no resumption: ${variantName(variant)}`, async () => {
      await using unusable = await noHome("");
      const to = await scene.tree({ "big": "old" });
      const copy = { flags: [...RATE, "--retries", "0"], sources: [`${source}/tree/big`], target: `${to}/big` };
      await using running = await start(variant, unusable, copy);
      await untilTrue(() => takenBytes(to) >= MIB, running);
      running.kill("SIGINT");
      const { code, stderr } = await running.result;
      assertEquals(code, 130);
      assertMatch(stderr, /^hint: Run the same command again: it starts over/m);
      await scene.sshd.waitForNoSession();
      assertEquals([temporaryFiles(to), await Deno.readTextFile(`${to}/big`)], [[], "old"]);
    });
  }

  it("a lost session is not retried if it created its target directory", async () => {
    for (const variant of rotatingVariants(0)) {
      await using unusable = await noHome("");
      const to = await scene.tree();
      const copy = { flags: ["-r", ...RATE], sources: [`${source}/tree`], target: `${to}/new` };
      await using running = await start(variant, unusable, copy);
      await untilTrue(() => takenBytes(to) >= MIB, running);
      await killOthers(scene, running, variant.direction === "local" ? /--receiver/ : /^\S*ssh /);
      const { code, stderr } = await running.result;
      assertEquals(code, 1, stderr);
      assert(!stderr.includes("trying again"), stderr);
      assertMatch(stderr, /^hint: This copy cannot be resumed \(-v prints the reason\): remove the directories/m);
    }
  });

  it("a lost session of a single file is retried from the start", async () => {
    const variant: Variant = { ...rotatingVariants(1)[0], direction: "push" };
    await using unusable = await noHome("");
    const to = await scene.tree();
    const copy = { flags: [...RATE, "--json"], sources: [`${source}/tree/big`], target: `${to}/big` };
    await using running = await start(variant, unusable, copy);
    await untilTrue(() => takenBytes(to) >= MIB, running);
    await killOthers(scene, running, /^\S*ssh /);
    const { code, stdout } = await running.result;
    assertEquals([code, sentBytes(stdout)], [0, SIZE]);
    await assertSame(`${source}/tree/big`, `${to}/big`);
    assertEquals(temporaryFiles(to), []);
  });
});
