import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { listNames } from "../../support/files/list_names.ts";
import { completionScript, type Shell } from "../../../src/cli/completions/completions.ts";
import { FLAGS } from "../../../src/cli/options/flags.ts";
import { commandOf } from "../../../src/cli/options/command.ts";
import { parseArguments } from "../../../src/cli/options/parse_arguments.ts";
import { runEscp, writeEscpWrapper } from "../../support/escp/escp_command.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";
import { itWithShell, SHELLS } from "../../support/shells.ts";

const shown = FLAGS.filter((flag) => !flag.hidden);
// The scripts call escp with --complete.
const hidden = FLAGS.filter((flag) => flag.hidden && flag.name !== "complete");

async function output(program: string, args: string[], options: Deno.CommandOptions = {}) {
  const { code, stdout, stderr } = await new Deno.Command(program, { ...options, args, stdin: "null" }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

describe("escp --completions", () => {
  it("needs no operands", () => {
    const command = commandOf(parseArguments(["--completions", "fish"]), { env: () => undefined, driveLetters: false });
    assertEquals(command, { kind: "completions", shell: "fish", install: false });
  });

  it("prints the script of the shell", async () => {
    const { code, stdout, stderr } = await runEscp(["--completions=zsh"]);
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: completionScript("zsh"), stderr: "" });
  });

  it("refuses other shells", async () => {
    const { code, stdout, stderr } = await runEscp(["--completions", "csh"]);
    assertEquals([code, stdout], [2, ""]);
    assertStringIncludes(stderr, "bash, zsh or fish");
  });
});

describe("completionScript", () => {
  for (const shell of SHELLS) {
    it(`completes every option for ${shell}, except hidden ones`, () => {
      const script = completionScript(shell);
      const dashes = shell === "fish" ? "-l " : "--";
      for (const { name } of shown) assert(new RegExp(`${dashes}${name}\\b`).test(script), name);
      for (const { name } of hidden) assert(!script.includes(name), name);
      for (const { choices } of shown) {
        // A colon in a choice is escaped for zsh.
        if (choices) assertStringIncludes(script.replaceAll("\\:", ":"), choices.join(" "));
      }
    });
  }

  itWithShell("zsh", "parses without errors", () => parses("zsh", "-n"));
  itWithShell("fish", "parses without errors", () => parses("fish", "--no-execute"));
  itWithShell("bash", "parses without errors", () => parses("bash", "-n"));

  it("has balanced quotes and brackets in each line of an option for zsh", () => {
    const lines = completionScript("zsh").split("\n").filter((line) => line.includes("["));
    const specs = lines.filter((line) => /^ {4}'/.test(line) || /^ {4}\{/.test(line));
    assertEquals(specs.length, shown.length);
    for (const line of specs) {
      assert(/^ {4}[^[]*\[([^\\[\]:]|\\[\\[\]:])*\](::?[^:]+:([^:\\]|\\:)+)?' \\$/.test(line), line);
    }
  });

  it("has one line per option for fish", () => {
    const lines = completionScript("fish").split("\n").filter((line) => / -l /.test(line));
    assertEquals(lines.length, shown.length);
    for (const line of lines) {
      assert(/^complete -c escp( -s .)? -l [a-z0-9-]+( .*)? -d '([^\\']|\\[\\'])*'$/.test(line), line);
    }
  });
});

describe("the completion of options and operands", () => {
  const cases: [typed: string[], offered: string[]][] = [
    [["--ci"], ["--cipher"]],
    [["--cipher", ""], ["aes-128-gcm", "aes-256-gcm"]],
    // Bash splits "--cipher=aes-2" into these words.
    [["--cipher", "=", "aes-2"], ["aes-256-gcm"]],
    [["--engine", "="], ["auto", "portable", "native"]],
    [["--completions", "z"], ["zsh"]],
    [["--help", ""], ["all"]],
    [["--man"], ["--man", "--manifest"]],
    [["-J", "g"], ["gate"]],
    [["-r", "b"], ["b2:", "backup:", "b\\ x", "big/"]],
    [["--", "b"], ["b2:", "backup:", "b\\ x", "big/"]],
    [["-P", ""], []],
    // Nothing of its own: readline offers files.
    [["-i", "b"], []],
    [["-r", ""], []],
    [["-r", "z"], []],
    [["--", "-r"], []],
    [["--receiv"], []],
  ];
  for (const [typed, offered] of cases) {
    itWithShell(
      "bash",
      `offers ${offered.join(", ") || "nothing"} for ${JSON.stringify(typed.join(" "))}`,
      async () => {
        await using tree = await createTempTree({
          "script": completionScript("bash"),
          "home/.ssh/config": "Host backup b2 *.lab\n  HostName x\nHost=gate\nHost $(touch owned) `touch owned`\n",
          "work/b x": "",
          "work/big/inside": "",
          "bin": { directory: true },
        });
        await writeEscpWrapper(`${tree.path}/bin`);
        const result = await output("bash", ["--norc", "-c", DRIVER, "bash", `${tree.path}/script`, ...typed], {
          cwd: `${tree.path}/work`,
          env: { HOME: `${tree.path}/home`, PATH: `${tree.path}/bin:${Deno.env.get("PATH")}` },
        });
        // readline sorts them.
        const words = result.stdout.split("\n").slice(0, -1);
        assertEquals([result.code, result.stderr, words.sort()], [0, "", offered.toSorted()]);
        assertEquals(listNames(`${tree.path}/work`), ["b x", "big"]);
      },
    );
  }
});

/** Does what bash does on Tab, for words without quotes and without ":". */
const DRIVER = `
source "$1"; shift
COMP_WORDS=(escp "$@"); COMP_CWORD=$#; COMP_LINE="\${COMP_WORDS[*]}"; COMP_POINT=\${#COMP_LINE}
_escp escp "\${COMP_WORDS[COMP_CWORD]}"
for word in "\${COMPREPLY[@]}"; do echo "$word"; done`;

async function parses(shell: Shell, option: string): Promise<void> {
  await using tree = await createTempTree({ script: completionScript(shell) });
  assertEquals(await output(shell, [option, `${tree.path}/script`]), { code: 0, stdout: "", stderr: "" });
}
