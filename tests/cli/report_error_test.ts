import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError, Interrupted, ProtocolError, UsageError, UserError } from "../../src/errors.ts";
import { errorReport } from "../../src/cli/report_error.ts";

const quietly = { verbose: 0 };

describe("errorReport", () => {
  it("is the message and the hint", () => {
    const error = new FileError("write", "/data/a.iso", "No space left on device", { hint: "Free some space" });
    assertEquals(errorReport(error, quietly), [
      'escp: Cannot write "/data/a.iso": No space left on device',
      "hint: Free some space",
    ]);
  });

  it("is one line when there is no hint", () => assertEquals(errorReport(new UsageError("No"), quietly), ["escp: No"]));

  it("tells the causes with -v only", () => {
    const error = new UserError("Top", { cause: new Error("middle", { cause: "bottom" }) });
    assertEquals(errorReport(error, quietly), ["escp: Top"]);
    assertEquals(errorReport(error, { verbose: 1 }), ["escp: Top", "cause: Error: middle", "cause: bottom"]);
  });

  it("says nothing twice", () => {
    const error = new UserError("Gone", { cause: new Error("Gone", { cause: new Error("why") }) });
    assertEquals(errorReport(error, { verbose: 1 }), ["escp: Gone", "cause: Error: why"]);
  });

  it("ends where causes go in a circle", () => {
    const error = new Error("a");
    error.cause = error;
    assertEquals(errorReport(error, { verbose: 1 }).filter((line) => line.startsWith("cause")), []);
  });

  it("names what the peer did", () =>
    assertEquals(
      errorReport(new ProtocolError("bad-frame", "Too long"), quietly)[0],
      "escp: The other side broke the protocol (bad-frame): Too long",
    ));

  it("does not blame anybody for an interruption, and says how to go on", () => {
    assertEquals(errorReport(new Interrupted(), quietly), ["escp: Interrupted"]);
    assertEquals(errorReport(new Interrupted("Again"), quietly), ["escp: Interrupted", "hint: Again"]);
  });

  it("keeps the stack of a bug and asks for a report", () => {
    const lines = errorReport(new TypeError("x is not a function"), quietly);
    assertEquals(lines[0], "escp: Unexpected error: TypeError: x is not a function");
    assertStringIncludes(lines[1], "hint: This is a bug in escp");
    assert(lines.slice(2).length > 0 && lines.slice(2).every((line) => /^\s+at /.test(line)));
  });

  it("makes something of things that are no errors", () => {
    assertEquals(errorReport("oops", quietly)[0], "escp: Unexpected error: oops");
    assertEquals(errorReport(undefined, quietly)[0], "escp: Unexpected error: undefined");
  });

  it("lets nothing from outside reach the terminal raw", () =>
    assertEquals(errorReport(new UserError("a\u001b[31m\nb\r\nc\n", { hint: "\u0007" }), quietly), [
      "escp: a\\x1b[31m",
      "  b",
      "  c",
      "hint: \\x07",
    ]));
});
