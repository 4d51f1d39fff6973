import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { describe, it } from "@std/testing/bdd";
import { foregroundCheck } from "../../../src/native/process/foreground.ts";
import { quoteWord } from "../../../src/ssh/shell_quote.ts";

const MODULE = new URL("../../../src/native/process/foreground.ts", import.meta.url).href;
const PRINT = `console.log((await import(${JSON.stringify(MODULE)})).foregroundCheck(2)())`;
const CONFIG = fromFileUrl(new URL("../../../deno.json", import.meta.url));

describe("foregroundCheck", () => {
  it("is true for a descriptor that is not a terminal", () => assertEquals(foregroundCheck(1_000)(), true));

  it("distinguishes jobs of a shell on their terminal", { ignore: problem() !== undefined }, async () => {
    const words = [Deno.execPath(), "eval", "--quiet", "--no-check", "--config", CONFIG, PRINT].map(quoteWord).join(
      " ",
    );
    const jobs = `set -m; ${words} & wait; ${words}`;
    const { stdout } = await new Deno.Command("script", {
      args: ["-qec", `bash -c ${quoteWord(jobs)}`, "/dev/null"],
      stdin: "null",
      env: { NO_COLOR: "1" },
    }).output();
    const lines = new TextDecoder().decode(stdout).split(/\r?\n/);
    assertEquals(lines.filter((line) => /^(true|false)$/.test(line)), ["false", "true"], lines.join("\n"));
  });
});

function problem(): string | undefined {
  try {
    const { success } = new Deno.Command("script", { args: ["-qec", "bash -c true", "/dev/null"], stdin: "null" })
      .outputSync();
    return success ? undefined : "script(1) of another kind";
  } catch {
    return "no script(1)";
  }
}
