import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { runEscp, startEscp, writeEscpWrapper } from "./escp_command.ts";
import { createTempDirectory } from "../files/temp.ts";

describe("runEscp", () => {
  it("returns the exit status and the output", async () => {
    const result = await runEscp(["--version"]);
    assertEquals([result.code, result.stderr], [0, ""]);
    assertMatch(result.stdout, /^escp \d+\.\d+\.\d+/);
    assertEquals(await result.leftBehind(), []);
  });

  it("kills a run after its time limit and reports its output", async () => {
    // A receiver waits for the first line of its client.
    const running = await startEscp(["--receiver"], { stdin: "piped", timeoutMs: 1 });
    await assertRejects(() => running.result, Error, "did not exit within 1 ms");
    await running[Symbol.asyncDispose]();
  });
});

describe("writeEscpWrapper", () => {
  it("writes a command that passes its arguments to escp", async () => {
    await using directory = await createTempDirectory();
    const path = await writeEscpWrapper(directory.path, { cwd: directory.path, env: { NAME: "it's" } });
    const { code, stdout } = await new Deno.Command(path, { args: ["--version"] }).output();
    assertEquals(code, 0);
    assertMatch(new TextDecoder().decode(stdout), /^escp /);
  });
});
