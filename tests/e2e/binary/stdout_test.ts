import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { escpCommand, runEscp } from "../../support/escp/escp_command.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

/** Their listing exceeds the buffer of a pipe. */
const FILES = 2000;

describe("standard output that cannot be written", { ignore: Deno.build.os !== "linux" }, () => {
  /** Runs escp in a shell that redirects its output. */
  async function run(script: string, ...args: string[]) {
    const { code, stderr } = await runEscp(args, { command: ["bash", "-c", script, "bash", ...escpCommand()] });
    return { code, stderr };
  }
  const full = {
    code: 1,
    stderr: 'escp: Cannot write "standard output": No space left on device\n' +
      "hint: Free some space, then run the same command again\n",
  };
  const gone = { code: 1, stderr: 'escp: Cannot write "standard output": Broken pipe\n' };
  const names = Object.fromEntries(
    Array.from({ length: FILES }, (_, index) => [`from/${"long".repeat(20)}-${index}`, ""]),
  );

  it("is one message and an exit status for every kind of output", async () => {
    await using tree = await createTempTree({ ...names, to: { directory: true } });
    const [from, to] = [`${tree.path}/from`, `${tree.path}/to`];
    for (
      const args of [
        ["--help"],
        ["-V", "-v"],
        ["--completions", "bash"],
        ["-n", "-r", from, to],
        ["--json", "-r", from, to],
        ["--clean", tree.path],
      ]
    ) {
      assertEquals(await run('exec "$@" > /dev/full', ...args), full, args.join(" "));
    }
  });

  it("ends the run, for example when head exits", async () => {
    await using tree = await createTempTree({ ...names, to: { directory: true } });
    const [from, to] = [`${tree.path}/from`, `${tree.path}/to`];
    const head = 'set -o pipefail; "$@" | head -n 1 > /dev/null';
    assertEquals(await run(head, "-n", "-r", from, to), gone);
    assertEquals(await run(head, "-n", "--json", "-r", from, to), gone);
  });
});
