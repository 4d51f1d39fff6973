/** src/cli/MANUAL.md: what it has in common with the code. */

import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { stub } from "@std/testing/mock";
import { withTables } from "../../scripts/manual_tables.ts";
import { commandOf } from "../../src/cli/options/command.ts";
import { parseArguments } from "../../src/cli/options/parse_arguments.ts";
import { KEYS } from "../../src/cli/options/settings.ts";
import { parseConfig } from "../../src/config/parse_config.ts";

const root = new URL("../../", import.meta.url);
const manual = await Deno.readTextFile(new URL("src/cli/MANUAL.md", root));
const readme = await Deno.readTextFile(new URL("README.md", root));

/** Variables for `--shard auto`. */
const SCHEDULER: Record<string, string> = { SLURM_PROCID: "0", SLURM_NTASKS: "16" };

/** Lines of the shell blocks and code in tables that call escp, without comments and without the rest of a pipeline or list. */
function commandsIn(text: string): string[] {
  const blocks = [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, block]) => block.split("\n"));
  const cells = [...text.matchAll(/^\|.*\|$/gm)].flatMap(([row]) => [...row.matchAll(/`([^`]+)`/g)])
    .map(([, code]) => code.replaceAll("\\|", "|"));
  return [...blocks, ...cells.filter((code) => /\bescp .* /.test(code))]
    .map((line) => line.replace(/^.*\| (?=escp )/, "").replace(/ +#.*| \|\|? .*| > .*/, ""))
    .filter((line) => line.startsWith("escp "));
}

/** Words of a simple command line: single quotes are all the quoting that the examples use. */
function words(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ""));
}

describe("src/cli/MANUAL.md", () => {
  it("has tables of options, exit statuses, variables and files that are up to date", () =>
    assertEquals(withTables(manual), manual, 'Run "deno task docs" to update src/cli/MANUAL.md'));

  it("shows a configuration file that escp accepts", async () => {
    const [, yaml] = /^```yaml\n(# Long options[^]*?)^```$/m.exec(manual)!;
    const config = await parseConfig(yaml, "MANUAL.md", KEYS);
    assertEquals([config.options.streams, config.cpumask, config.nodemask], [8, [0, 1], [0]]);
    assertEquals([config.root, config.allow, config.hosts.length], ["/srv/incoming", ["push", "pull"], 2]);
  });

  for (const line of new Set([...commandsIn(manual), ...commandsIn(readme)])) {
    it(`or README.md shows a command that escp accepts: ${line}`, () => {
      // Files of rules are examples.
      using _file = stub(Deno, "readFileSync", () => new Uint8Array());
      using _input = stub(Deno.stdin, "readSync", () => null);
      commandOf(parseArguments(words(line).slice(1)), { env: (name) => SCHEDULER[name], driveLetters: false });
    });
  }
});

describe("withTables", () => {
  it("refuses a document without a place for a table", () => {
    assertThrows(() => withTables("# escp\n"), Error, "must have the lines");
  });
});
