import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { EXIT_STATUS } from "../../src/cli/exit_status.ts";
import { parseConfig } from "../../src/config/parse_config.ts";
import { KEYS } from "../../src/cli/options/settings.ts";
import { readCommandLine } from "../../src/cli/options/options.ts";
import { exists } from "../../scripts/exists.ts";
import { EXIT_MEANINGS } from "../../scripts/manual.ts";
import { withOptions } from "../../scripts/readme_options.ts";

const root = new URL("../../", import.meta.url);
const readme = await Deno.readTextFile(new URL("README.md", root));

/** Lines of the shell blocks that call escp, without comments and what the shell does with its output. */
const examples = [...readme.matchAll(/^```sh\n([^]*?)^```$/gm)]
  .flatMap(([, block]) => block.split("\n"))
  .filter((line) => line.startsWith("escp "))
  .map((line) => line.replace(/ +#.*| \|\|? .*| > .*/, ""));

/** Words of a simple command line: single quotes are all the quoting that the examples use. */
function words(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|[^\s'])+/g)].map(([word]) => word.replaceAll("'", ""));
}

/** What a heading is called in a link. */
function anchor(heading: string): string {
  return heading.toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-");
}

describe("README.md", () => {
  it("lists the options as they are", () =>
    assertEquals(withOptions(readme), readme, 'Run "deno task docs" to bring README.md up to date'));

  it("says what each exit status means", () => {
    const rows = [...readme.matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map((
      [, status, meaning],
    ) => [Number(status), meaning]);
    assertEquals(rows, EXIT_MEANINGS.map((row) => [...row]));
    assertEquals(rows.map(([status]) => status), Object.values(EXIT_STATUS).sort((a, b) => a - b));
  });

  for (const line of new Set(examples)) {
    it(`shows a command that escp accepts: ${line}`, () => {
      readCommandLine(words(line).slice(1), { env: () => undefined, driveLetters: false });
    });
  }

  it("shows a configuration file that escp accepts", async () => {
    const [, yaml] = /^```yaml\n(# Long options[^]*?)^```$/m.exec(readme)!;
    const config = await parseConfig(yaml, "README.md", KEYS);
    assertEquals([config.options.streams, config.cpumask, config.nodemask], [8, [0, 1], [0]]);
    assertEquals([config.root, config.allow, config.hosts.length], ["/srv/incoming", ["push", "pull"], 2]);
  });

  it("lists every task", async () => {
    const { tasks } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
    const listed = [...readme.matchAll(/^\| `deno task ([a-z0-9]+)/gm)].map(([, task]) => task);
    assertEquals(listed.sort(), Object.keys(tasks).sort());
  });

  it("links to what exists", async () => {
    const anchors = [...readme.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading));
    for (const [, target] of readme.matchAll(/\]\(([^)]+)\)/g)) {
      if (target.startsWith("#")) assert(anchors.includes(target.slice(1)), target);
      else if (!target.startsWith("https://")) assert(await exists(new URL(target, root)), target);
    }
  });

  it("says of each promise where it is tried", async () => {
    const [, section] = /^## What is promised\n([^]*?)^## /m.exec(readme)!;
    const [promises, table] = section.split("### Where each promise is tried\n");
    const names = [...promises.split("Not promised")[0].matchAll(/^- \*\*(.*?)\.\*\*/gm)].map(([, name]) => name);
    const rows = [...table.matchAll(/^\| (.*?) +\| (`.*?) +\|$/gm)];
    assertEquals(rows.map(([, name]) => name), names);
    for (const [, , tests] of rows) {
      const named = [...tests.matchAll(/`(.*?)`: _(.*?)_(?:; |$)/g)];
      assertEquals(named.map(([text]) => text).join(""), tests);
      for (const [, path, name] of named) {
        const source = await Deno.readTextFile(new URL(path, root));
        assert([`"${name}"`, `\`${name}`].some((text) => source.includes(text)), `${path} has no ${name}`);
      }
    }
  });

  it("names directories that exist", async () => {
    const directories = [...readme.matchAll(/^ {4}(\S+) {2,}\S/gm)].map(([, path]) => path);
    assert(directories.length > 10);
    for (const path of directories) assert(await exists(new URL(path, root)), path);
  });
});

describe("withOptions", () => {
  it("refuses a page without a place for them", () => {
    let message = "";
    try {
      withOptions("# escp\n");
    } catch (error) {
      message = (error as Error).message;
    }
    assert(message.includes("must have the lines"), message);
  });
});
