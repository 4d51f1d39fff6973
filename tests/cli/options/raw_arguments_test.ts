import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { matchArguments, rawArguments } from "../../../src/cli/options/raw_arguments.ts";

/** "a", "x" + byte 0xff, "" as a NUL-terminated list after a program name. */
const LIST = new Uint8Array([0x64, 0, 0x61, 0, 0x78, 0xff, 0, 0]);

describe("matchArguments", () => {
  it("restores bytes that are not UTF-8", () =>
    assertEquals(matchArguments(["a", "x\ufffd", ""], LIST), ["a", "x\udcff", ""]));
  it("returns the arguments if the list differs", () => {
    assertEquals(matchArguments(["b", "x\ufffd", ""], LIST), ["b", "x\ufffd", ""]);
    assertEquals(matchArguments(["x\ufffd"], new Uint8Array()), ["x\ufffd"]);
  });
});

describe("rawArguments", () => {
  it("returns UTF-8 arguments unchanged", () => assertEquals(rawArguments(["é", "日本"]), ["é", "日本"]));

  // Deno 2.6 panics on such an argument before any of our code runs.
  const readable = Deno.build.os === "linux" && !Deno.version.deno.startsWith("2.6.");
  it("restores the argument of a process", { ignore: !readable }, async () => {
    const module = new URL("../../../src/cli/options/raw_arguments.ts", import.meta.url).href;
    const code = `import { rawArguments } from "${module}"; console.log(escape(rawArguments(Deno.args).join()));`;
    // The shell makes the byte: an argument of Deno.Command is always UTF-8.
    const { stdout } = await new Deno.Command("sh", {
      args: ["-c", `exec "$0" eval --quiet --no-config "$1" a "$(printf 'b\\377')"`, Deno.execPath(), code],
      stderr: "inherit",
    }).output();
    assertEquals(new TextDecoder().decode(stdout).trim(), "a%2Cb%uDCFF");
  });
});
