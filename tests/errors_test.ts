import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { messageOf } from "../src/errors.ts";

describe("messageOf", () => {
  const CASES: [message: string, expected: string][] = [
    ["Permission denied", "Permission denied"],
    ["Permission denied (os error 13)", "Permission denied"],
    ["Permission denied (os error 13): open '/a/it''s'", "Permission denied"],
    ["More data available. (os error 234): realpath 'C:\\t\\a'", "More data available"],
    ["x: No such file (os error 2); y: none", "x: No such file; y: none"],
  ];
  for (const [message, expected] of CASES) {
    it(`returns ${JSON.stringify(expected)} for ${JSON.stringify(message)}`, () =>
      assertEquals([messageOf(new Error(message)), messageOf(message)], [expected, expected]));
  }
});
