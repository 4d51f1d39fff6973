import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { describe, it } from "@std/testing/bdd";
import { foregroundCheck } from "../../../src/native/process/foreground.ts";
import { quoteWord } from "../../../src/ssh/shell_quote.ts";
import { onTerminal, terminalProblem } from "../../support/escp/terminal.ts";

const MODULE = new URL("../../../src/native/process/foreground.ts", import.meta.url).href;
const PRINT = `console.log((await import(${JSON.stringify(MODULE)})).foregroundCheck(2)())`;
const CONFIG = fromFileUrl(new URL("../../../deno.json", import.meta.url));

describe("foregroundCheck", () => {
  it("returns true for a descriptor that is not a terminal", () => assertEquals(foregroundCheck(1_000)(), true));

  const why = terminalProblem === undefined ? "" : ` (skipped: ${terminalProblem})`;
  it(`distinguishes jobs of a shell on their terminal${why}`, { ignore: terminalProblem !== undefined }, async () => {
    const words = [Deno.execPath(), "eval", "--quiet", "--no-check", "--config", CONFIG, PRINT].map(quoteWord).join(
      " ",
    );
    const jobs = `set -m; ${words} & wait; ${words}`;
    const [program, ...args] = onTerminal(["bash", "-c", jobs]);
    const { stdout } = await new Deno.Command(program, { args, stdin: "null", env: { NO_COLOR: "1" } }).output();
    const lines = new TextDecoder().decode(stdout).split(/\r?\n/);
    assertEquals(lines.filter((line) => /^(true|false)$/.test(line)), ["false", "true"], lines.join("\n"));
  });
});
