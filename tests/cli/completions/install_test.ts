import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { completionScript, type Shell } from "../../../src/cli/completions/completions.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { listNames } from "../../support/files/list_names.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

const PLACES: Record<Shell, { usual: string; xdg: string; variable: string; lines: (path: string) => string }> = {
  bash: {
    usual: ".local/share/bash-completion/completions/escp",
    xdg: "bash-completion/completions/escp",
    variable: "XDG_DATA_HOME",
    lines: () => "",
  },
  zsh: {
    usual: ".local/share/escp/zsh/_escp",
    xdg: "escp/zsh/_escp",
    variable: "XDG_DATA_HOME",
    lines: (path) => `Add this line to ~/.zshrc, before compinit:\nfpath=(${path.replace(/\/_escp$/, "")} $fpath)\n`,
  },
  fish: {
    usual: ".config/fish/completions/escp.fish",
    xdg: "fish/completions/escp.fish",
    variable: "XDG_CONFIG_HOME",
    lines: () => "",
  },
};

describe("escp --completions SHELL --install", () => {
  for (const [shell, { usual, xdg, variable, lines }] of Object.entries(PLACES)) {
    const install = (env: Record<string, string>) => runEscp(["--completions", shell, "--install"], { env });

    it(`writes the script for ${shell} below the home directory or ${variable}, and prints its path`, async () => {
      await using tree = await createTempTree({});
      const cases: [env: Record<string, string>, path: string][] = [
        [{}, `${tree.path}/${usual}`],
        [{ [variable]: "relative" }, `${tree.path}/${usual}`],
        [{ [variable]: `${tree.path}/xdg` }, `${tree.path}/xdg/${xdg}`],
      ];
      for (const [env, path] of cases) {
        const { code, stdout, stderr } = await install({ HOME: tree.path, ...env });
        assertEquals([code, stdout, stderr], [0, `Installed "${path}"\n${lines(path)}`, ""]);
        assertEquals(await Deno.readTextFile(path), completionScript(shell as Shell));
        assertEquals(listNames(path.slice(0, path.lastIndexOf("/"))), [path.slice(path.lastIndexOf("/") + 1)]);
      }
    });

    it(`replaces an older script for ${shell}, but no other file`, async () => {
      await using tree = await createTempTree({
        [`old/${usual}`]: completionScript(shell as Shell).slice(0, 300),
        [`other/${usual}`]: "# mine\n",
        [`link/${usual}`]: { link: "/dev/null" },
        [`directory/${usual}/x`]: "",
      });
      assertEquals((await install({ HOME: `${tree.path}/old` })).code, 0);
      assertEquals(await Deno.readTextFile(`${tree.path}/old/${usual}`), completionScript(shell as Shell));
      for (const home of ["other", "link", "directory"]) {
        const { code, stdout, stderr } = await install({ HOME: `${tree.path}/${home}` });
        assertEquals([code, stdout], [1, ""]);
        assertStringIncludes(
          stderr,
          `Cannot write "${tree.path}/${home}/${usual}": it is not a completion script of escp`,
        );
      }
      assertEquals(await Deno.readTextFile(`${tree.path}/other/${usual}`), "# mine\n");
    });
  }

  it("needs a home directory", async () => {
    const { code, stderr } = await runEscp(["--completions", "bash", "--install"], { env: { HOME: undefined } });
    assertEquals(code, 1);
    assertStringIncludes(stderr, "HOME is not set");
  });
});
