import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CorruptionError, ProtocolError } from "../../../src/errors.ts";
import { StreamLosses } from "../../../src/transfer/streams/stream_losses.ts";

const RESET = new Deno.errors.ConnectionReset("reset");

describe("a connection that breaks", () => {
  it("is noted while there is work", () => {
    const losses = new StreamLosses();
    losses.add(RESET);
    assertEquals(losses.note(0), "1 data connection broke; the data in flight was sent again");
  });

  it("is not noted after all work is done", () => {
    const losses = new StreamLosses();
    losses.add(RESET, { finished: true });
    assertEquals([losses.broken, losses.note(0)], [0, undefined]);
  });

  it("fails a finished transfer if its data was wrong", () => {
    const losses = new StreamLosses();
    const error = new ProtocolError("bad-frame", "wrong");
    assertEquals(assertThrows(() => losses.add(error, { finished: true })), error);
    losses.add(new CorruptionError("bad-tag", "changed"), { finished: true });
    assertEquals([losses.broken, losses.corrupt], [1, 1]);
  });
});
