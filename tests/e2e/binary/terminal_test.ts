import { assertEquals, assertMatch } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { escpCommand, runEscp } from "../../support/escp/escp_command.ts";
import { onTerminal, terminalProblem } from "../../support/escp/terminal.ts";
import type { TempDirectory } from "../../support/files/temp.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

const ignore = terminalProblem !== undefined;
const why = ignore ? ` (skipped: ${terminalProblem})` : "";

describe(`output on a terminal${why}`, { ignore }, () => {
  let tree: TempDirectory;
  beforeAll(async () => {
    tree = await createTempTree({ "into": { directory: true } });
    await new Deno.Command("sh", { args: ["-c", 'head -c 256M /dev/urandom >"$1/large"', "sh", tree.path] }).output();
  });
  afterAll(() => tree[Symbol.asyncDispose]());

  /** Returns everything that the terminal receives, including carriage returns. */
  async function show(...args: string[]): Promise<{ code: number; text: string }> {
    const [program, ...words] = onTerminal([...escpCommand(), "--engine", "portable", ...args]);
    const { code, stdout } = await new Deno.Command(program, {
      args: words,
      stdin: "null",
      env: { TERM: "xterm" },
    }).output();
    return { code, text: new TextDecoder().decode(stdout) };
  }

  it("is one line of progress that the summary replaces", async () => {
    const { code, text } = await show(`${tree.path}/large`, `${tree.path}/copy`);
    assertEquals(code, 0, text);
    const lines = text.trimEnd().split("\n");
    assertEquals(lines.length, 1, JSON.stringify(text));
    assertMatch(text, /\d+%/);
    assertMatch(text, /1 file, 256(\.0)? MiB copied in [0-9.]+ s \(.*\/s\)\s*$/);
  });

  it("lists the changes of a dry run above the summary", async () => {
    const { text } = await show("-n", `${tree.path}/large`, `${tree.path}/into`);
    assertMatch(text, /^send +large\r\ndry run: 1 file to copy.*\r\n$/);
  });

  it("is empty with -q; without a terminal only failures are printed", async () => {
    assertEquals(await show("-q", `${tree.path}/large`, `${tree.path}/copy`), { code: 0, text: "" });
    const { code, stdout, stderr } = await runEscp([`${tree.path}/large`, `${tree.path}/copy`]);
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
  });

  it("has failures above the progress", async () => {
    const { code, text } = await show(`${tree.path}/large`, `${tree.path}/none`, `${tree.path}/into`);
    assertEquals(code, 1, text);
    assertMatch(text, /^(.*\r.\[K)?escp: Cannot read ".*none": No such file or directory\r?\n/m);
    assertMatch(text, /1 failed, 1 file, /);
  });
});
