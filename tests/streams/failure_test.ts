import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FileError, UserError } from "../../src/errors.ts";
import { parseFailure } from "../../src/protocol/failure.ts";
import { MAX_HINT_TEXT, MAX_MESSAGE_TEXT } from "../../src/protocol/limits.ts";
import { failureOf, toFailure } from "../../src/streams/failure.ts";

describe("failureOf", () => {
  it("returns the path and the code of a file, and a text alone for other errors", () => {
    const file = failureOf(new FileError("write", "/a", "No space left on device", { code: "ENOSPC" }));
    assertEquals(file, { code: "ENOSPC", path: "/a", message: 'Cannot write "/a": No space left on device', hint: "" });
    const other = failureOf(new UserError("Cannot do that", { hint: "Do this" }));
    assertEquals(other, { code: "", path: "", message: "Cannot do that", hint: "Do this" });
  });

  it("cuts texts to the limits of the wire", () => {
    const failure = failureOf(new UserError("m".repeat(MAX_MESSAGE_TEXT + 1), { hint: "h".repeat(MAX_HINT_TEXT + 1) }));
    assertEquals(parseFailure(failure, "failure"), failure);
  });
});

describe("toFailure", () => {
  it("throws an error that does not concern a single path", () => {
    const error = new UserError("Cannot continue");
    assertEquals(assertThrows(() => toFailure(error)), error);
  });
});
