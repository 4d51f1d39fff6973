import { assertEquals, assertMatch } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { escpCommand, runEscp } from "../../support/escp/escp_command.ts";
import { turn } from "../../support/escp/interruptions.ts";
import { PrintedText } from "../../support/escp/printed_text.ts";
import { temporaryFiles } from "../../support/escp/temporary_files.ts";
import { onTerminal, terminalProblem } from "../../support/escp/terminal.ts";
import { commandOf, descendantsOf, killProcess, type ProcessId } from "../../support/processes.ts";
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

  /** Returns everything that the terminal receives, including carriage returns. A busy machine may show progress first. */
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
    assertMatch(text, /^([^\n]*\r.\[K)?send +large\r\ndry run: 1 file to copy.*\r\n$/);
  });

  it("is empty with -q; without a terminal only failures are printed", async () => {
    assertEquals(await show("-q", `${tree.path}/large`, `${tree.path}/copy`), { code: 0, text: "" });
    const { code, stdout, stderr } = await runEscp([`${tree.path}/large`, `${tree.path}/copy`]);
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
  });

  it("has failures above the progress", async () => {
    const { code, text } = await show(`${tree.path}/large`, `${tree.path}/none`, `${tree.path}/into`);
    assertEquals(code, 1, text);
    assertMatch(text, /^([^\n]*\r.\[K)?escp: Cannot read ".*none": No such file or directory\r?\n/m);
    assertMatch(text, /1 failed, 1 file, /);
  });
});

describe(`Ctrl-C on a terminal${why}`, { ignore }, () => {
  let tree: TempDirectory;
  beforeAll(async () => {
    tree = await createTempTree({ "large": { size: 64 << 20 } });
  });
  afterAll(() => tree[Symbol.asyncDispose]());

  /** Starts a copy that takes a minute, on a terminal. */
  function start(name: string, ...args: string[]) {
    const slow = ["--no-resume", "-l", "8000", ...args, `${tree.path}/large`, `${tree.path}/${name}`];
    const [program, ...words] = onTerminal([...escpCommand(), ...slow]);
    const child = new Deno.Command(program, {
      args: words,
      stdin: "piped",
      stdout: "piped",
      env: { TERM: "xterm" },
    }).spawn();
    const writer = child.stdin.getWriter();
    const screen = new PrintedText(child.stdout);
    return {
      pid: child.pid,
      screen,
      pressCtrlC: () => writer.write(new TextEncoder().encode("\x03")),
      async end() {
        const [{ code }] = await Promise.all([child.status, screen.ended]);
        await writer.close().catch(() => {});
        return { code, text: screen.text };
      },
    };
  }

  it("is erased before the message if there is no progress line", async () => {
    const { pressCtrlC, end } = start("quiet", "-q");
    while (temporaryFiles(tree.path).length === 0) await turn();
    await pressCtrlC();
    const { code, text } = await end();
    assertEquals(code, 130, text);
    assertMatch(text, /^\^C\r.\[Kescp: Interrupted\r\n$/);
  });

  it("ends the progress line if it is pressed twice", async () => {
    const { screen, pressCtrlC, end, pid } = start("copy");
    await screen.waitFor(/\d+%/);
    // The client waits for its stopped child.
    const receivers = await childrenServing(pid);
    for (const receiver of receivers) killProcess(receiver, "SIGSTOP");
    await pressCtrlC();
    // Signals of one kind that arrive together count once.
    await screen.waitFor(/\^C[^\n]*\rlarge/);
    await pressCtrlC();
    const { code, text } = await end();
    for (const receiver of receivers) killProcess(receiver, "SIGCONT");
    assertEquals(code, 130, text);
    assertMatch(text, /\^C[^\n]*\^C\r\n$/);
  });
});

/** Returns the remote ends that a process has started. */
async function childrenServing(ancestor: number): Promise<ProcessId[]> {
  const found: ProcessId[] = [];
  for (const process of await descendantsOf(ancestor)) {
    if (/ --receiver\b/.test(commandOf(process))) found.push(process);
  }
  return found;
}
