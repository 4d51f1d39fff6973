import { assert, assertEquals } from "@std/assert";
import { existsSync } from "@std/fs/exists";
import { describe, it } from "@std/testing/bdd";
import { findingCommand, parseBegin } from "../../src/ssh/find_remote.ts";
import { quoteWord } from "../../src/ssh/shell_quote.ts";
import { linkPrograms } from "../support/escp/host_without_escp.ts";
import { LOOSE_MODES } from "../support/files/loose_modes.ts";
import { createTempTree } from "../support/files/temp_tree.ts";

const PROGRAM = (name: string) => ({ content: `#!/bin/sh\nprintf '%s|' ${name} "$@"\n`, mode: 0o755 });
const WORDS = ["--receiver", "a b", "it's"];

/** Runs the command with a login shell. */
async function run(
  shell: string,
  home: string,
  options: { path?: string; env?: Record<string, string>; words?: string[]; cwd?: string } = {},
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { path = "escp", env = {}, words = WORDS, cwd } = options;
  const command = findingCommand(path, words.map(quoteWord), { version: "1.0", mark: false });
  const { code, stdout, stderr } = await new Deno.Command(shell, {
    args: ["-c", command],
    clearEnv: true,
    cwd,
    env: { HOME: home, PATH: `${home}/bin`, ...env },
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out, stderr: err };
}

/** Creates a home directory with these programs. */
async function homeWith(programs: string[]) {
  const tree = await createTempTree({
    "bin": { directory: true },
    ...Object.fromEntries(programs.map((path) => [path, PROGRAM(path)])),
  });
  await linkPrograms(`${tree.path}/bin`, ["printf"]);
  return tree;
}

const SHELLS = ["/bin/sh", "/bin/dash", "/bin/bash", "/usr/bin/zsh", "/bin/csh", "/bin/tcsh", "/usr/bin/fish"];
const [PATH, CACHE] = ["bin/escp", ".cache/escp/1.0/escp"];

for (const shell of SHELLS) {
  const isMissing = !existsSync(shell);
  describe(`findingCommand in ${shell}${isMissing ? " (skipped: not installed)" : ""}`, { ignore: isMissing }, () => {
    // Only a POSIX shell restores each quoted word.
    const words = /csh|fish/.test(shell) ? ["--receiver", "a b"] : WORDS;

    it("runs the given program, else the one in the PATH, else the installed one", async () => {
      await using tree = await homeWith(["given", PATH, CACHE]);
      const given = `${tree.path}/given`;
      const found = (name: string) => ({ code: 0, stdout: [name, ...words, ""].join("|"), stderr: "" });
      assertEquals(await run(shell, tree.path, { path: given, words }), found("given"));
      await Deno.remove(given);
      assertEquals(await run(shell, tree.path, { path: given, words }), found(PATH));
      await Deno.remove(`${tree.path}/${PATH}`);
      assertEquals(await run(shell, tree.path, { path: given, words }), found(CACHE));
      assertEquals(await run(shell, tree.path, { words }), found(CACHE));
    });

    it("exits with status 127 and without a message if there is none", async () => {
      await using tree = await homeWith([".cache/escp/2.0/escp"]);
      assertEquals(await run(shell, tree.path), { code: 127, stdout: "", stderr: "" });
    });
  });
}

describe("findingCommand", { ignore: Deno.build.os === "windows" }, () => {
  it("looks in $XDG_CACHE_HOME if it is absolute", async () => {
    await using tree = await homeWith(["other/escp/1.0/escp"]);
    const runWith = async (cache: string) => (await run("/bin/sh", tree.path, { env: { XDG_CACHE_HOME: cache } })).code;
    assertEquals(await runWith(`${tree.path}/other`), 0);
    assertEquals(await runWith("other"), 127);
  });

  for (const [state, loosen, ignore = false] of LOOSE_MODES) {
    it(`does not run an installed program that another user may have placed: ${state}`, { ignore }, async () => {
      for (const path of [CACHE, ".cache/escp/1.0", ".cache/escp", ".cache"]) {
        await using tree = await homeWith([CACHE]);
        await loosen(`${tree.path}/${path}`);
        assertEquals(await run("/bin/sh", tree.path), { code: 127, stdout: "", stderr: "" }, path);
      }
    });
  }

  it("does not run an installed program that is a symbolic link, or behind one into a loose directory", async () => {
    await using tree = await homeWith(["shared/escp"]);
    await Deno.mkdir(`${tree.path}/.cache/escp/1.0`, { recursive: true });
    await Deno.symlink(`${tree.path}/shared/escp`, `${tree.path}/.cache/escp/1.0/escp`);
    assertEquals((await run("/bin/sh", tree.path)).code, 127);
    await Deno.remove(`${tree.path}/.cache/escp/1.0`, { recursive: true });
    await Deno.symlink(`${tree.path}/shared`, `${tree.path}/.cache/escp/1.0`);
    assertEquals((await run("/bin/sh", tree.path)).code, 0);
    await Deno.chmod(`${tree.path}/shared`, 0o777);
    assertEquals((await run("/bin/sh", tree.path)).code, 127);
  });

  for (const shell of ["/bin/dash", "/bin/bash"]) {
    const name = `checks all parents of $XDG_CACHE_HOME without $HOME, in ${shell}`;
    it(name, { ignore: !existsSync(shell) }, async () => {
      await using tree = await homeWith(["shared/cache/escp/1.0/escp"]);
      await Deno.remove(`${tree.path}/bin/sh`);
      await Deno.symlink(shell, `${tree.path}/bin/sh`);
      await Deno.chmod(`${tree.path}/shared`, 0o777);
      const cwd = `${tree.path}/shared/cache`;
      const env = { PATH: `${tree.path}/bin`, XDG_CACHE_HOME: cwd };
      for (const HOME of ["", "/no/such"]) {
        assertEquals((await run(shell, "", { env: { ...env, HOME }, cwd })).code, 127, HOME);
      }
    });
  }

  it("has no character that csh or fish would interpret in quotes", () => {
    const command = findingCommand("escp", [], { version: "1.0", mark: true });
    const script = command.slice(command.indexOf("'") + 1, command.lastIndexOf("'"));
    assert(!/['\\!\n]/.test(script), script);
  });
});

describe("parseBegin", () => {
  it("finds the mark and the limit in other output", () => {
    assertEquals(parseBegin("hi\n"), { begun: false, noise: "hi\n" });
    assertEquals(parseBegin("hi\nescp-begin\nunlimited\nx"), { begun: true, noise: "hi\nx" });
    assertEquals(parseBegin("hiescp-begin\n1000\n"), { begun: true, noise: "hi", addressSpaceKiB: 1000 });
    assertEquals(parseBegin("escp-begin\n"), { begun: true, noise: "" });
  });
});
