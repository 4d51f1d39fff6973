import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { escpCommand, runEscp } from "../../support/escp/escp_command.ts";
import { parseEvents } from "../../support/escp/json_events.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

/** Their listing exceeds the buffer of a pipe. */
const FILES = 2000;

describe("the events of --json", () => {
  it("end with the error of a run that cannot begin", async () => {
    await using tree = await createTempTree({ a: "a" });
    const manifest = `${tree.path}/none/manifest`;
    const { code, stdout } = await runEscp(["--json", "--manifest", manifest, `${tree.path}/a`, `${tree.path}/b`]);
    const message = `Cannot write the manifest "${manifest}": No such file or directory`;
    assertEquals(code, 1);
    assertEquals(parseEvents(stdout).map(({ event, status, message }) => [event, status, message]), [
      ["start", undefined, undefined],
      ["end", "error", message],
    ]);
  });

  it("are absent if the command line is refused", async () => {
    await using tree = await createTempTree({ a: "a" });
    const args = ["--json", "--log", `${tree.path}/none/log`, `${tree.path}/a`, `${tree.path}/b`];
    const { code, stdout } = await runEscp(args);
    assertEquals([code, stdout], [2, ""]);
  });
});

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
  const gone = { code: 141, stderr: "" };
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

  it("ends the run without a message when head exits", async () => {
    await using tree = await createTempTree({ ...names, to: { directory: true } });
    const [from, to] = [`${tree.path}/from`, `${tree.path}/to`];
    const head = 'set -o pipefail; "$@" | head -n 1 > /dev/null';
    assertEquals(await run(head, "-n", "-r", from, to), gone);
    assertEquals(await run(head, "-n", "--json", "-r", from, to), gone);
  });

  it("ends a copy to standard output without a message when head exits", async () => {
    await using tree = await createTempTree({ large: { size: 64 << 20 } });
    const head = 'set -o pipefail; "$@" | head -c 1 > /dev/null';
    for (const engine of ["native", "portable"]) {
      assertEquals(await run(head, "--engine", engine, `${tree.path}/large`, "-"), gone, engine);
    }
  });
});
