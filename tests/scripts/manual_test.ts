import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Flag } from "../../src/cli/options/flag.ts";
import { FLAGS } from "../../src/cli/options/flags.ts";
import { manualPage } from "../../scripts/manual.ts";
import { createTempTree } from "../support/temp_tree.ts";

const flags: readonly Flag[] = FLAGS;

/** What groff makes of the page; undefined where there is none. */
async function render(): Promise<{ text: string; warnings: string } | undefined> {
  await using tree = await createTempTree({ "escp.1": manualPage() });
  try {
    const { stdout, stderr } = await new Deno.Command("groff", {
      args: ["-man", "-Tascii", "-P-c", "-P-b", "-P-u", "-rLL=78n", "-ww", `${tree.path}/escp.1`],
    }).output();
    const decoder = new TextDecoder();
    return { text: decoder.decode(stdout), warnings: decoder.decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const rendered = await render();

describe("manualPage", () => {
  it("has every option but the hidden ones", () => {
    for (const { name, hidden } of flags) {
      assertEquals(manualPage().includes(`\\fB\\-\\-${name.replaceAll("-", "\\-")}\\fR`), !hidden, name);
    }
  });

  it("has no line that roff could take for a request by chance", () => {
    const requests = /^\.(TH|SH|SS|TP|PP|RS|RE|EX|EE|B|I|BR|RI|IR|\\")( |$)/;
    for (const line of manualPage().split("\n")) assert(/^[^.']|^$/.test(line) || requests.test(line), line);
  });

  const name = "is rendered without a warning, dashes and quotes as they are";
  it(rendered ? name : `${name} (skipped: no groff)`, { ignore: !rendered }, () => {
    assertEquals(rendered!.warnings, "");
    assertStringIncludes(rendered!.text, "escp [options] source ... target\n");
    assertStringIncludes(rendered!.text, "escp big.iso '[2001:db8::7]:/tmp/'");
    assertStringIncludes(rendered!.text, "-t, --streams N");
  });
});
