import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { manualPage } from "../../../src/cli/help/manual_page.ts";
import type { Flag } from "../../../src/cli/options/flag.ts";
import { FLAGS } from "../../../src/cli/options/flags.ts";
import { runEscp } from "../../support/escp/escp_command.ts";
import { createTempTree } from "../../support/files/temp_tree.ts";

const flags: readonly Flag[] = FLAGS;

/** Programs that render a page from a file, with all warnings. */
const RENDERERS: Record<string, readonly string[]> = {
  groff: ["-man", "-Tascii", "-P-c", "-P-b", "-P-u", "-rLL=78n", "-ww"],
  man: ["--warnings=w", "-l"],
};

/** Returns what a program prints for the page; undefined if it is not installed. */
async function render(program: string): Promise<{ code: number; text: string; warnings: string } | undefined> {
  await using tree = await createTempTree({ "escp.1": manualPage() });
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      args: [...RENDERERS[program], `${tree.path}/escp.1`],
      env: { LC_ALL: "C", MANWIDTH: "78", MANPAGER: "cat" },
    }).output();
    const decoder = new TextDecoder();
    // Bold characters may be printed twice, with a backspace between.
    // deno-lint-ignore no-control-regex
    return { code, text: decoder.decode(stdout).replace(/.\x08/g, ""), warnings: decoder.decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

const rendered = new Map<string, Awaited<ReturnType<typeof render>>>();
for (const program of Object.keys(RENDERERS)) rendered.set(program, await render(program));

describe("manualPage", () => {
  it("has every option that is not hidden", () => {
    for (const { name, hidden } of flags) {
      assertEquals(manualPage().includes(`\\fB\\-\\-${name.replaceAll("-", "\\-")}\\fR`), !hidden, name);
    }
  });

  it("has no line that roff could take for a request by chance", () => {
    const requests = /^\.(TH|SH|SS|TP|PP|RS|RE|EX|EE|B|I|BR|RI|IR|\\")( |$)/;
    for (const line of manualPage().split("\n")) assert(/^[^.']|^$/.test(line) || requests.test(line), line);
  });

  it("is what escp --man prints", async () => {
    const { code, stdout, stderr } = await runEscp(["--man"]);
    assertEquals({ code, stdout, stderr }, { code: 0, stdout: manualPage(), stderr: "" });
  });

  for (const [program, result] of rendered) {
    const name = `is rendered by ${program} without a warning, dashes and quotes unchanged`;
    it(result ? name : `${name} (skipped: no ${program})`, { ignore: !result }, () => {
      assertEquals([result!.code, result!.warnings], [0, ""]);
      assertStringIncludes(result!.text, "escp [options] SOURCE... TARGET\n");
      assertStringIncludes(result!.text, "escp x.bin '[2001:db8::7]:/tmp/'");
      assertStringIncludes(result!.text, "-t, --streams N");
      assertStringIncludes(result!.text, "~/.local/state/escp/");
    });
  }
});
