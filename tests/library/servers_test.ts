import { assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { copy, UserError } from "../../src/mod.ts";

describe("a program", () => {
  it("cannot connect to a server without ssh", async () => {
    for (const operands of [["escps://127.0.0.1:1/file", "to"], ["from", "escps://127.0.0.1:1/"]] as const) {
      await assertRejects(() => Promise.resolve(copy(operands[0], operands[1])), UserError, "from a program");
    }
  });
});
