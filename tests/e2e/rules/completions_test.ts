/** Completion of hosts and remote paths in the shells themselves, over a real ssh server. */

import { assertEquals } from "@std/assert";
import { afterAll, beforeAll } from "@std/testing/bdd";
import { completionScript } from "../../../src/cli/completions/completions.ts";
import { writeEscpWrapper } from "../../support/escp/escp_command.ts";
import { listNames } from "../../support/files/list_names.ts";
import { createTempDirectory, type TempDirectory } from "../../support/files/temp.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { describeWithSshd } from "../../support/hosts/needs_sshd.ts";
import { type Sshd, startSshd } from "../../support/hosts/sshd.ts";
import { itWithShell, SHELLS } from "../../support/shells.ts";

/** Names of files in the home directory of the remote host. */
const HOSTILE = [
  "$(touch owned)",
  "`touch owned`",
  ";touch owned",
  "esc\x1b]0;owned\x07",
  "new\nline",
  "rtl\u202eowned",
];

describeWithSshd("completion over ssh", () => {
  let sshd: Sshd;
  let local: TempDirectory;

  beforeAll(async () => {
    // The server of the tests does not start commands in its home directory.
    sshd = await startSshd({ forceCommand: 'cd; eval "$SSH_ORIGINAL_COMMAND"' });
    local = await createTempDirectory();
    await writeTree(sshd.home, {
      "one file.txt": "",
      "dir/inner": "",
      "my dir/it's": "",
      'my dir/quo"te': "",
      ...Object.fromEntries(HOSTILE.map((name) => [`hostile/${name}`, ""])),
    });
    await writeTree(local.path, {
      ...Object.fromEntries(SHELLS.map((shell) => [`script.${shell}`, completionScript(shell)])),
      "home/.ssh/config": "Include more\nHost web *.lab\n",
      "home/.ssh/more": "Host included\n",
      "home/.ssh/known_hosts": "known,192.0.2.1 ssh-rsa A\n|1|a=|b= ssh-rsa A\n$(touch${IFS}owned),;x ssh-rsa A\n",
      "work": { directory: true },
      "work/wide/x": "",
      "bin": { directory: true },
    });
    await writeEscpWrapper(`${local.path}/bin`);
  });
  afterAll(async () => {
    await sshd[Symbol.asyncDispose]();
    await local[Symbol.asyncDispose]();
  });

  async function run(program: string, args: string[]): Promise<string[]> {
    const { stdout, stderr } = await new Deno.Command(program, {
      args,
      cwd: `${local.path}/work`,
      clearEnv: true,
      env: {
        HOME: `${local.path}/home`,
        PATH: `${local.path}/bin:${Deno.env.get("PATH")}`,
        LANG: "C.UTF-8",
        TERM: "dumb",
      },
      stdin: "null",
    }).output();
    assertEquals(listNames(`${local.path}/work`), ["wide"]);
    assertEquals(listNames(sshd.home).includes("owned"), false);
    assertEquals(new TextDecoder().decode(stderr), "");
    return new TextDecoder().decode(stdout).split("\n").slice(0, -1).sort();
  }

  /** Does what bash does on Tab: splits the line also at the characters of COMP_WORDBREAKS. */
  function inBash(line: string): Promise<string[]> {
    const words: string[] = [""];
    let quote = "";
    for (let at = 0; at < line.length; at++) {
      const char = line[at];
      if (char === "\\" && quote !== "'") words[words.length - 1] += char + (line[++at] ?? "");
      else if (!quote && char === " ") words.push("");
      else if (!quote && /[:=@]/.test(char)) words.push(char, "");
      else {
        quote = char === quote ? "" : !quote && /['"]/.test(char) ? char : quote;
        words[words.length - 1] += char;
      }
    }
    const split = words.filter((word, index) => word !== "" || (index === words.length - 1 && line.endsWith(" ")));
    const last = quote ? words.at(-1)!.slice(1) : words.at(-1)!;
    // readline replaces an "@" too.
    const replaced = words.at(-2) === "@" ? `@${last}` : last;
    return run("bash", ["--norc", "-c", BASH, "bash", `${local.path}/script.bash`, line, replaced, ...split]);
  }

  const options = () => `-F ${sshd.configPath}`;

  const inBashCases: [typed: string, offered: string[]][] = [
    ["testhost:on", ["one\\ file.txt"]],
    ["testhost:", ["dir/", "hostile/", "my\\ dir/", "one\\ file.txt"]],
    ["testhost:d", ["dir/"]],
    ["testhost:~/d", ["~/dir/"]],
    ["testhost:my\\ dir/", ["my\\ dir/it\\'s", 'my\\ dir/quo\\"te']],
    ['"testhost:my dir/', ["testhost:my dir/it's", 'testhost:my dir/quo\\"te']],
    ["'testhost:my dir/i", ["testhost:my dir/it'\\''s"]],
    ['testhost:"my d', ["my dir/"]],
    ["testhost:hostile/", [
      "hostile/\\$\\(touch\\ owned\\)",
      "hostile/\\;touch\\ owned",
      "hostile/\\`touch\\ owned\\`",
    ]],
    ["testhost:$(touch owned)/", []],
    ["testhost:'$(touch owned)/", []],
    ["testhost:nothing", []],
    ["unknown.invalid:x", []],
    ["-oProxyCommand=x:", []],
  ];
  for (const [typed, offered] of inBashCases) {
    itWithShell("bash", `offers ${offered.join(", ") || "nothing"} for ${typed}`, async () => {
      assertEquals(await inBash(`escp ${options()} ${typed}`), offered.toSorted());
    });
  }

  itWithShell("bash", "offers hosts of ssh_config, of included files and of known_hosts", async () => {
    assertEquals(await inBash("escp -r w"), ["web:", "wide/"]);
    assertEquals(await inBash("escp i"), ["included:"]);
    assertEquals(await inBash("escp user@k"), ["@known:"]);
    assertEquals(await inBash("escp -J web,k"), ["web,known"]);
  });

  itWithShell("bash", "passes options of the line to ssh, and user and port of the operand", async () => {
    const { keyPath, port, user, address, hostKey } = sshd;
    await Deno.writeTextFile(`${local.path}/known`, `[${address}]:${port} ${hostKey}\n`);
    const line = `escp -i ${keyPath} -P${port} -o "UserKnownHostsFile=${local.path}/known" -o IdentitiesOnly=yes`;
    assertEquals(await inBash(`${line} ${user}@${address}:on`), ["one\\ file.txt"]);
    assertEquals(await inBash(`${line.replace(`-P${port}`, "-P 1")} ${user}@${address}:on`), []);
  });

  itWithShell("fish", "offers hosts and remote paths", async () => {
    const offered = async (typed: string) => {
      const script = 'source $argv[1]; complete -C "$argv[2]"';
      const lines = await run("fish", ["--no-config", "-c", script, `${local.path}/script.fish`, typed]);
      return lines.map((line) => line.split("\t")[0]);
    };
    const start = `escp ${options()} `;
    assertEquals(await offered("escp inc"), ["included:"]);
    assertEquals(await offered("escp user@inc"), ["user@included:"]);
    assertEquals(await offered("escp wi"), ["wide/"]);
    assertEquals(await offered("escp -J kn"), ["known"]);
    assertEquals(await offered(`${start}testhost:on`), ["testhost:one file.txt"]);
    assertEquals(await offered(`${start}testhost:d`), ["testhost:dir/"]);
    assertEquals(await offered(`${start}'testhost:my d`), ["testhost:my dir/"]);
    assertEquals(await offered(`${start}testhost:my\\ dir/i`), ["testhost:my dir/it's"]);
    assertEquals(await offered(`${start}testhost:hostile/`), [
      "testhost:hostile/$(touch owned)",
      "testhost:hostile/;touch owned",
      "testhost:hostile/`touch owned`",
    ]);
    assertEquals(await offered(`${start}testhost:w`), []);
  });

  const inZshCases: [typed: string, completed: string][] = [
    ["testhost:on", "testhost:one\\ file.txt "],
    ["testhost:d", "testhost:dir/"],
    ["testhost:~/d", "testhost:~/dir/"],
    ["testhost:my\\ d", "testhost:my\\ dir/"],
    ["testhost:my\\ dir/i", "testhost:my\\ dir/it\\'s "],
    ["'testhost:my d", "'testhost:my dir/"],
    ['"testhost:my dir/i', '"testhost:my dir/it\'s" '],
    ["testhost:hostile/\\$", "testhost:hostile/\\$\\(touch\\ owned\\) "],
    ["testhost:w", "testhost:w"],
    ["wi", "wide/"],
    ["inc", "included:"],
    ["user@inc", "user@included:"],
    ["-J web,kn", "-J web,known "],
  ];
  for (const [typed, completed] of inZshCases) {
    itWithShell("zsh", `completes ${typed} to ${completed}`, async () => {
      const start = typed.includes("testhost:") ? `escp ${options()} ` : "escp ";
      const args = ["-f", "-c", ZSH, "zsh", `${local.path}/script.zsh`, `${start}${typed}`];
      assertEquals(await run("zsh", args), [`${start}${completed}`]);
    });
  }
});

const BASH = `
source "$1"
COMP_LINE=$2 COMP_POINT=\${#2} replaced=$3
shift 3
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_escp escp "$replaced"
for word in "\${COMPREPLY[@]}"; do printf '%s\\n' "$word"; done`;

/** Types a line and Tab in a terminal, then a key that prints the line. */
const ZSH = `
zmodload zsh/zpty
zpty shell "zsh -f -i"
zpty -w shell "PS1= PS2= RPS1=; unsetopt prompt_sp; autoload -Uz compinit; compinit -D -u; source \${(q)1}"
zpty -w shell "show() { print -r -- \\"<<<\\$BUFFER>>>\\" }; zle -N show; bindkey '^X' show; print REA''DY"
zpty -r -m shell seen '*READY*'
zpty -n -w shell "$2"$'\\t\\x18'
zpty -r -m shell seen '*<<<*>>>*'
zpty -d shell
seen=\${seen##*<<<}
print -r -- "\${seen%%>>>*}"`;
