import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { findLong, findShort } from "../../../src/cli/options/flags.ts";
import { foreignAnswer } from "../../../src/cli/options/foreign_options.ts";

/** Text of `rsync --help`; undefined if rsync is not installed. */
const help = readHelp();

function readHelp(): string | undefined {
  try {
    const { success, stdout } = new Deno.Command("rsync", { args: ["--help"] }).outputSync();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the options that the help of rsync lists, with their dashes. */
function optionsIn(text: string): string[] {
  const lines = text.slice(text.indexOf("\nOptions\n")).split("\n");
  return lines.flatMap((line) => {
    const names = /^-[^ ]+(?:, -[^ ]+)*/.exec(line)?.[0] ?? "";
    return Array.from(names.matchAll(/(?:^|, )(--?[\w-]+|-@)/g), ([, name]) => name);
  });
}

/** Returns the first column of the table "Coming from rsync". */
async function tableOf(): Promise<string> {
  const manual = await Deno.readTextFile(new URL("../../../src/cli/MANUAL.md", import.meta.url));
  const section = manual.slice(manual.indexOf("\n## Coming from rsync\n"));
  return Array.from(section.matchAll(/^\| (.*?) \| /gm), ([, cell]) => cell).join("\n");
}

describe(`options of rsync${help ? "" : " (skipped: no rsync)"}`, { ignore: !help }, () => {
  const options = help ? optionsIn(help).filter((name) => name !== "--no-OPTION") : [];

  it("are each in the manual, with an equivalent or a reason", async () => {
    assert(options.length > 150, `${options.length}`);
    const table = await tableOf();
    assertEquals(options.filter((name) => !table.includes(`\`${name}\``)), []);
  });

  it("have an answer, or are options of escp", () => {
    const unknown = options.filter((name) => {
      const bare = name.replace(/^-+/, "");
      const own = name.startsWith("--") ? findLong(bare.replace(/^no-/, "")) : findShort(bare);
      return own === undefined && foreignAnswer(bare) === undefined;
    });
    assertEquals(unknown, []);
  });
});
