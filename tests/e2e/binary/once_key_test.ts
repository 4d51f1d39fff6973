/** The key of a one-time URL: where it comes from, and that nothing else shows it. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { walkFiles } from "../../../scripts/walk_files.ts";
import { escpCommand, type RunningEscp } from "../../support/escp/escp_command.ts";
import { PrintedText } from "../../support/escp/printed_text.ts";
import { onTerminal, terminalProblem } from "../../support/escp/terminal.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { type Serving, startServing } from "../../support/hosts/serving.ts";
import { descendantsOf } from "../../support/processes.ts";

const why = terminalProblem ? ` (skipped: ${terminalProblem})` : "";

/** Returns the URL of a server without its key, and the key. */
function splitUrl({ output }: Serving): { url: string; key: string } {
  const [, url, key] = /^(escps:.*#k=)([A-Za-z0-9_-]{64})\n$/.exec(output)!;
  return { url, key };
}

/** Returns the arguments of a process and all its descendants, and the environment of the descendants. */
async function visibleOf(...roots: RunningEscp[]): Promise<string> {
  const read = (pid: number, file: string) => Deno.readTextFile(`/proc/${pid}/${file}`).catch(() => "");
  const texts: string[] = [];
  for (const { pid } of roots) {
    texts.push(await read(pid, "cmdline"));
    for (const child of await descendantsOf(pid)) {
      texts.push(await read(child.pid, "cmdline"), await read(child.pid, "environ"));
    }
  }
  return texts.join("\n");
}

/** Returns the paths of files that contain a text. */
async function filesWith(text: string, directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of walkFiles(directory)) {
    if ((await Deno.readTextFile(path)).includes(text)) found.push(path);
  }
  return found;
}

describe("the key of a one-time URL", { ignore: Deno.build.os !== "linux" }, () => {
  it("comes from ESCP_ONCE_KEY, and no process, log, report, record or message shows it", async () => {
    await using serving = await startServing({ args: ["--once", "-v"], isTrusted: false });
    await writeTree(serving.work, { large: { size: 600_000, seed: 1 } });
    const { url, key } = splitUrl(serving);
    const logging = ["-vv", "--json", "--log", "copy.log", "--report", "report.html", "--limit=1600"];
    await using copy = await serving.start([...logging, "large", url], { env: { ESCP_ONCE_KEY: key } });
    await copy.waitForText("stderr", /data goes to/);
    const visible = await visibleOf(copy, serving.server);
    assertStringIncludes(visible, url);
    assertStringIncludes(visible, "--receiver");
    const { code, stdout, stderr } = await copy.result;
    assertEquals(code, 0, stderr);
    assertMatch(stdout, /"event":"end"/);
    for (const [name, text] of Object.entries({ visible, stdout, stderr, log: serving.server.printed.stderr })) {
      // The key begins with the fingerprint, which is not secret.
      assert(!text.includes(key.slice(-20)), `${name}: ${text}`);
    }
    for (const directory of [serving.work, serving.root, serving.clientHome, serving.serverHome]) {
      assertEquals(await filesWith(key.slice(-20), directory), []);
    }
    assertMatch(await Deno.readTextFile(`${serving.work}/copy.log`), /1 file, .* copied/);
    assertMatch(await Deno.readTextFile(`${serving.work}/report.html`), /escps:/);
  });

  it("is not inherited by ssh", async () => {
    await using serving = await startServing({ args: ["--once"], isTrusted: false });
    const { url, key } = splitUrl(serving);
    const ssh = `${serving.work}/ssh`;
    await Deno.writeTextFile(ssh, '#!/bin/sh\nprintf "%s\\n" "$@" >"$0.args"\nenv >"$0.env"\nexit 255\n', {
      mode: 0o755,
    });
    const result = await serving.run(["-S", ssh, "host:file", url], { env: { ESCP_ONCE_KEY: `${url}${key}` } });
    assertEquals(result.code, 255, result.stderr);
    assertMatch(await Deno.readTextFile(`${ssh}.env`), /^HOME=/m);
    assertEquals(await filesWith(key.slice(-20), serving.work), []);
    assertEquals(await filesWith("ESCP_ONCE_KEY", serving.work), []);
    assert(!(result.stdout + result.stderr).includes(key.slice(-20)));
  });

  it("is required, and is not shown if it is wrong", async () => {
    await using serving = await startServing({ args: ["--once"], isTrusted: false });
    await writeTree(serving.work, { file: "text" });
    const { url, key } = splitUrl(serving);
    const missing = await serving.run(["file", url]);
    assertEquals(missing.code, 2);
    assertStringIncludes(missing.stderr, `The key of "${url}" is missing`);
    assertStringIncludes(missing.stderr, "hint: Set ESCP_ONCE_KEY");
    const damaged = key.slice(1);
    const refused = await serving.run(["file", url], { env: { ESCP_ONCE_KEY: damaged } });
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.stderr, "it is incomplete or damaged");
    assert(!refused.stderr.includes(damaged.slice(-20)));
    const right = await serving.run(["file", url], { env: { ESCP_ONCE_KEY: key } });
    assertEquals(right.code, 0, right.stderr);
  });
});

describe(`the question for the key of a one-time URL${why}`, { ignore: terminalProblem !== undefined }, () => {
  /** Runs a client on a terminal. Returns its screen, and the terminal to type at. */
  async function ask(serving: Serving, ...args: string[]) {
    const [program, ...words] = onTerminal([...escpCommand(), ...args]);
    const env = { ...Deno.env.toObject(), HOME: serving.clientHome, TERM: "xterm" };
    for (const name of ["DENO_TLS_CA_STORE", "DENO_CERT", "NODE_EXTRA_CA_CERTS"]) {
      delete (env as Record<string, string>)[name];
    }
    const options = { args: words, cwd: serving.work, clearEnv: true, env, stdin: "piped", stdout: "piped" } as const;
    const child = new Deno.Command(program, options).spawn();
    const screen = new PrintedText(child.stdout);
    const writer = child.stdin.getWriter();
    await screen.waitFor(/it is not shown\): /);
    return {
      async type(text: string) {
        await writer.write(new TextEncoder().encode(text));
        const [{ code }] = await Promise.all([child.status, screen.ended]);
        await writer.close().catch(() => {});
        return { code, text: screen.text };
      },
    };
  }

  it("takes the URL or the key, and does not show what is typed", async () => {
    for (const isWhole of [true, false]) {
      await using serving = await startServing({ args: ["--once"], isTrusted: false });
      await writeTree(serving.work, { file: "text" });
      const { url, key } = splitUrl(serving);
      const { type } = await ask(serving, "file", url);
      const { code, text } = await type(`${isWhole ? url : ""}${key}\r`);
      assertEquals(code, 0, text);
      assert(!text.includes(key.slice(-10)), text);
      assertEquals(await Deno.readTextFile(`${serving.root}/file`), "text");
    }
  });

  it("is interrupted by Ctrl-C", async () => {
    await using serving = await startServing({ args: ["--once"], isTrusted: false });
    await writeTree(serving.work, { file: "text" });
    const { type } = await ask(serving, "file", splitUrl(serving).url);
    const { code, text } = await type("part\x03");
    assertEquals(code, 130, text);
    assert(!text.includes("part"), text);
  });
});
