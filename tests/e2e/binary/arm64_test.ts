/**
 * The executable for Linux on ARM64, under emulation. Its ssh server runs in the emulated system too: there the `uname` of
 * remote commands is that of ARM64. A start takes seconds, so each case copies little.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { exists } from "@std/fs/exists";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { fromFileUrl } from "@std/path";
import { createNamespaces, emulate, type EmulatorNamespaces } from "../../../scripts/arm64/emulator.ts";
import { type Arm64System, fetchSystem } from "../../../scripts/arm64/machine.ts";
import { missingPrerequisites } from "../../../scripts/arm64/prerequisites.ts";
import { executableName } from "../../../src/bootstrap/system.ts";
import { VERSION } from "../../../src/cli/version.ts";
import { eachAtOnce } from "../../support/each_at_once.ts";
import { type EscpOptions, type EscpResult, runEscp } from "../../support/escp/escp_command.ts";
import { digestOf } from "../../support/escp/host_without_escp.ts";
import { compareTrees } from "../../support/files/compare_trees.ts";
import { randomTree } from "../../support/files/random_bytes.ts";
import { createTempDirectory, type TempDirectory } from "../../support/files/temp.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { sshdProblem } from "../../support/hosts/needs_sshd.ts";
import { type Sshd, startSshd } from "../../support/hosts/sshd.ts";
import { writeWrapper } from "../../support/shell_script.ts";

const DIST = fromFileUrl(new URL("../../../dist", import.meta.url));
const ARM64 = `${DIST}/${executableName(VERSION, "linux-arm64")}`;
const ENGINES = ["native", "portable"] as const;
/** Limits that only catch hangs, also on a busy machine. */
const [SILENCE_SECONDS, LIMIT_MS] = [600, 900_000];

/** Calls openat2(2), number 437, for "/" with a struct open_how of zeros, and prints its errno or 0. */
const CALL_OPENAT2 =
  '$path = "/"; $how = pack("Q3", 0, 0, 0); print syscall(437, -100, $path, $how, 24) < 0 ? $! + 0 : 0';
const ENOSYS = "38";

const { system, problem } = await openSystem();
const openat2 = system && (await emulate(system, [system.perl, "-e", CALL_OPENAT2], { seconds: 600 })).output;

/** Downloads the libraries of ARM64 if nothing else is missing. */
async function openSystem(): Promise<{ system?: Arm64System; problem?: string }> {
  if (!Deno.env.has("ESCP_BINARY")) return { problem: "no ESCP_BINARY" };
  if (!await exists(ARM64)) return { problem: `no ${ARM64}` };
  if (sshdProblem) return { problem: sshdProblem };
  const [missing] = await missingPrerequisites();
  if (missing) return { problem: `missing: ${missing}` };
  try {
    return { system: await fetchSystem(`${DIST}/arm64`) };
  } catch (error) {
    return { problem: (error as Error).message.trim().split("\n").at(-1) };
  }
}

describe(`the executable for ARM64${problem ? ` (skipped: ${problem})` : ""}`, { ignore: !system }, () => {
  let namespaces: EmulatorNamespaces;
  let sshd: Sshd;
  let directory: TempDirectory;
  let tree: string;

  beforeAll(async () => {
    directory = await createTempDirectory();
    tree = `${directory.path}/tree`;
    await writeTree(tree, {
      ...randomTree({ files: 10, directories: 3, maxBytes: 1 << 14, seed: "arm64" }),
      "large": { size: (2 << 20) + 1 },
      "script": { content: "#!/bin/sh\n", mode: 0o755, mtime: new Date("2020-02-02T02:02:02Z") },
      "link": { link: "script" },
    });
    const programs = `${directory.path}/programs`;
    await Deno.mkdir(programs);
    await Deno.symlink(system!.uname, `${programs}/uname`);
    namespaces = await createNamespaces(system!);
    sshd = await startSshd({
      escp: false,
      enter: namespaces.enter,
      environment: { PATH: `${programs}:/usr/bin:/bin`, ESCP_THREADS: "0" },
    });
  });

  afterAll(async () => {
    await sshd?.[Symbol.asyncDispose]();
    await namespaces?.[Symbol.asyncDispose]();
    await directory?.[Symbol.asyncDispose]();
  });

  /**
   * Runs the executable of this machine. Without threads, whose start under emulation may take longer than escp waits for the
   * first data connection.
   */
  function runHere(args: string[], options: EscpOptions = {}): Promise<EscpResult> {
    const flags = ["-B", "-t", "1", "--threads", "0", "--timeout", `${SILENCE_SECONDS}`];
    return runEscp([...flags, ...args], { timeoutMs: LIMIT_MS, ...options });
  }

  /** Runs the executable for ARM64. */
  function runThere(args: string[]): Promise<EscpResult> {
    return runHere(args, { command: [...namespaces.enter, ARM64] });
  }

  /** Returns what the executable for ARM64 reports about its engines. */
  async function readFacts(): Promise<string> {
    const command = [...namespaces.enter, ARM64];
    const { code, stdout, stderr } = await runEscp(["-V", "-v"], { command, timeoutMs: LIMIT_MS });
    assertEquals(code, 0, stderr);
    return stdout;
  }

  /** Returns the options for copies between this machine and the emulated one, each with this engine. */
  async function hostOptions(engine: string): Promise<string[]> {
    const path = `${sshd.binDirectory}/escp-${engine}`;
    await writeWrapper(path, [ARM64], `export ESCP_ENGINE=${engine}`);
    return [...sshd.sshOptions, "-D", path, "--engine", engine];
  }

  async function assertCopied({ code, stderr }: EscpResult, copy: string): Promise<void> {
    assertEquals(code, 0, stderr);
    assertEquals(await compareTrees(tree, copy, { modes: true, mtimes: "s" }), []);
  }

  it("starts with the native engine", async () => {
    const facts = await readFacts();
    assertMatch(facts, /^ +cipher engine +native /m);
    assertMatch(facts, /^ +file engine +native$/m);
    assertStringIncludes(facts, "aarch64-unknown-linux-gnu");
  });

  for (const engine of ENGINES) {
    it(`copies a tree on its own host with the ${engine} engine`, async () => {
      const copy = `${directory.path}/local-${engine}`;
      await assertCopied(await runThere(["-a", "--engine", engine, tree, copy]), copy);
    });

    it(`receives a tree from an x64 client, and sends one to it, with the ${engine} engine`, async () => {
      const options = await hostOptions(engine);
      await eachAtOnce(["push", "pull"], (direction) => direction, async (direction) => {
        const copy = `${directory.path}/${direction}-${engine}`;
        const operands = direction === "push" ? [tree, `testhost:${copy}`] : [`testhost:${tree}`, copy];
        await assertCopied(await runHere([...options, "-a", ...operands]), copy);
      });
    });
  }

  it("sends a tree to another host with ARM64", async () => {
    const copy = `${directory.path}/between`;
    await assertCopied(await runThere([...await hostOptions("native"), "-a", tree, `testhost:${copy}`]), copy);
  });

  it("is installed by an x64 client on a host whose uname reports aarch64", async () => {
    const copy = `${directory.path}/bootstrapped`;
    const env = { XDG_CACHE_HOME: `${directory.path}/cache` };
    const result = await runHere([...sshd.sshOptions, "--binaries", DIST, "-a", tree, `testhost:${copy}`], { env });
    await assertCopied(result, copy);
    assertMatch(result.stderr, /^note: installing escp /m);
    assertEquals(await digestOf(`${sshd.home}/.cache/escp/${VERSION}/escp`), await digestOf(ARM64));
  });

  const reason = openat2 === "0" ? " (skipped: this emulator has openat2)" : "";
  it(
    `without openat2 refuses a symbolic link in a target by its fallback${reason}`,
    { ignore: reason !== "" },
    async () => {
      assertEquals(openat2, ENOSYS);
      assertMatch(
        await readFacts(),
        /^ +note +The native file engine opens directories one by one: openat2 is missing$/m,
      );
      const target = `${directory.path}/target`;
      await writeTree(directory.path, {
        "source/sub/file": "outside",
        "source/file": "inside",
        "outside": { directory: true },
        "target/source/sub": { link: "../../outside" },
      });
      const options = [...await hostOptions("native"), "-r"];
      const { code, stderr } = await runHere([...options, `${directory.path}/source`, `testhost:${target}`]);
      assertEquals(code, 1, stderr);
      assertStringIncludes(stderr, `escp: Cannot create "${target}/source/sub": it is a symbolic link`);
      assertEquals(await compareTrees(`${directory.path}/source/file`, `${target}/source/file`), []);
      assertEquals(Array.from(Deno.readDirSync(`${directory.path}/outside`)), []);
    },
  );
});
