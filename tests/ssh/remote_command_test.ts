import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError } from "../../src/errors.ts";
import { remoteCommand } from "../../src/ssh/remote_command.ts";
import { quoteWord } from "../../src/ssh/shell_quote.ts";

describe("remoteCommand", () => {
  const cases: [string, string][] = [
    ["escp", "escp --receiver"],
    ["/opt/escp-1.0/bin/escp", "/opt/escp-1.0/bin/escp --receiver"],
    ["~/bin/escp", "~/bin/escp --receiver"],
    ["~bob/my tools/escp", "~bob/'my tools/escp' --receiver"],
    ["~/", "~/ --receiver"],
    ["~", "'~' --receiver"],
    ["~$(id)/escp", "'~$(id)/escp' --receiver"],
    ["a=b", "'a=b' --receiver"],
    ["it's; rm -rf /", `'it'\\''s; rm -rf /' --receiver`],
  ];
  for (const [path, expected] of cases) {
    it(`returns ${expected}`, () => assertEquals(remoteCommand({ remotePath: path }), expected));
  }

  it("quotes further arguments", () =>
    assertEquals(remoteCommand({ remotePath: "escp" }, ["-v", "a b"]), "escp --receiver -v 'a b'"));

  it("refuses paths that are empty or contain control characters", () => {
    for (const remotePath of ["", "a\nb", "a\u001b", "\u0000"]) {
      for (const search of [undefined, "1.0"]) assertThrows(() => remoteCommand({ remotePath, search }), UsageError);
    }
  });
});

describe("quoteWord", () => {
  it("makes a shell restore every word", { ignore: Deno.build.os === "windows" }, async () => {
    const words = [
      "",
      "plain",
      "a b",
      "it's",
      '"',
      "$HOME",
      "`id`",
      "\\",
      "!x",
      "*",
      "a\nb",
      "'''",
      "é",
      "-n",
      "~",
      "#",
    ];
    const script = `printf '%s\\0' ${words.map(quoteWord).join(" ")}`;
    const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
    assertEquals(new TextDecoder().decode(stdout).split("\0").slice(0, -1), words);
  });
});
