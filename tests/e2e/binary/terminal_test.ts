import { assertEquals, assertMatch } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { quoteWord } from "../../../src/ssh/shell_quote.ts";
import { escpCommand, runEscp } from "../../support/escp/escp_command.ts";
import type { TempDirectory } from "../../support/files/temp.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

const problem = findProblem();

describe(`output on a terminal${problem ? ` (skipped: ${problem})` : ""}`, { ignore: problem !== undefined }, () => {
  let tree: TempDirectory;
  beforeAll(async () => {
    tree = await createTempTree({ "into": { directory: true } });
    await new Deno.Command("sh", { args: ["-c", 'head -c 256M /dev/urandom >"$1/large"', "sh", tree.path] }).output();
  });
  afterAll(() => tree[Symbol.asyncDispose]());

  /** Returns everything that the terminal receives, including carriage returns. */
  async function show(...args: string[]): Promise<{ code: number; text: string }> {
    const words = [...escpCommand(), "--engine", "portable", ...args].map(quoteWord).join(" ");
    const { code, stdout } = await new Deno.Command("script", {
      args: ["-qec", `stty cols 80; exec ${words}`, "/dev/null"],
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

function findProblem(): string | undefined {
  try {
    const { success } = new Deno.Command("script", { args: ["-qec", "stty cols 80", "/dev/null"], stdin: "null" })
      .outputSync();
    return success ? undefined : "script(1) of another kind";
  } catch {
    return "no script(1)";
  }
}
