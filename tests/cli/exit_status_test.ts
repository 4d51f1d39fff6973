import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  FileError,
  Interrupted,
  OutputClosed,
  ProtocolError,
  StartError,
  UsageError,
  UserError,
} from "../../src/errors.ts";
import { exitStatusOf } from "../../src/cli/exit_status.ts";

describe("exitStatusOf", () => {
  const cases: [unknown, number][] = [
    [new UsageError("x"), 2],
    [new StartError("x"), 255],
    [new Interrupted(), 130],
    [new OutputClosed(), 141],
    [new UserError("x"), 1],
    [new FileError("read", "a", "gone"), 1],
    [new ProtocolError("bad-frame", "x"), 1],
    [new TypeError("x"), 1],
    ["text", 1],
    [undefined, 1],
  ];
  for (const [error, status] of cases) {
    it(`is ${status} for ${error instanceof Error ? error.name : typeof error}`, () =>
      assertEquals(exitStatusOf(error), status));
  }
});
