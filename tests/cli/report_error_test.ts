import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError, Interrupted, ProtocolError, UsageError, UserError } from "../../src/errors.ts";
import { errorReport } from "../../src/cli/report_error.ts";

const quietly = { verbose: 0 };

describe("errorReport", () => {
  it("contains the message and the hint", () => {
    const error = new FileError("write", "/data/a.iso", "No space left on device", { hint: "Free some space" });
    assertEquals(errorReport(error, quietly), [
      'escp: Cannot write "/data/a.iso": No space left on device',
      "hint: Free some space",
    ]);
  });

  it("is one line without a hint", () => assertEquals(errorReport(new UsageError("No"), quietly), ["escp: No"]));

  it("contains causes only with -v", () => {
    const error = new UserError("Top", { cause: new Error("middle", { cause: "bottom" }) });
    assertEquals(errorReport(error, quietly), ["escp: Top"]);
    assertEquals(errorReport(error, { verbose: 1 }), ["escp: Top", "cause: Error: middle", "cause: bottom"]);
  });

  it("omits a cause that repeats the message", () => {
    const error = new UserError("Gone", { cause: new Error("Gone", { cause: new Error("why") }) });
    assertEquals(errorReport(error, { verbose: 1 }), ["escp: Gone", "cause: Error: why"]);
  });

  it("ends if causes form a cycle", () => {
    const error = new Error("a");
    error.cause = error;
    assertEquals(errorReport(error, { verbose: 1 }).filter((line) => line.startsWith("cause")), []);
  });

  it("reports a protocol violation of the peer", () =>
    assertEquals(
      errorReport(new ProtocolError("bad-frame", "Too long"), quietly)[0],
      "escp: The peer violated the protocol (bad-frame): Too long",
    ));

  it("reports an interruption with its hint", () => {
    assertEquals(errorReport(new Interrupted(), quietly), ["escp: Interrupted"]);
    assertEquals(errorReport(new Interrupted("Again"), quietly), ["escp: Interrupted", "hint: Again"]);
  });

  it("contains the stack of a bug, and asks for a report", () => {
    const lines = errorReport(new TypeError("x is not a function"), quietly);
    assertEquals(lines[0], "escp: Unexpected error: TypeError: x is not a function");
    assertStringIncludes(lines[1], "hint: This is a bug in escp");
    assert(lines.slice(2).length > 0 && lines.slice(2).every((line) => /^\s+at /.test(line)));
  });

  it("reports thrown values that are not errors", () => {
    assertEquals(errorReport("oops", quietly)[0], "escp: Unexpected error: oops");
    assertEquals(errorReport(undefined, quietly)[0], "escp: Unexpected error: undefined");
  });

  it("escapes control characters", () =>
    assertEquals(errorReport(new UserError("a\u001b[31m\nb\r\nc\n", { hint: "\u0007" }), quietly), [
      "escp: a\\x1b[31m",
      "  b",
      "  c",
      "hint: \\x07",
    ]));
});
