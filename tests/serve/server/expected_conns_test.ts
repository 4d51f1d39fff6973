import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ExpectedConns } from "../../../src/serve/server/expected_conns.ts";

const addressOf = (hostname: string, port: number): Deno.NetAddr => ({ transport: "tcp", hostname, port });

describe("expected connections", () => {
  it("are matched by address and port, so that the same port at another address is refused", async () => {
    const expected = new ExpectedConns<string>();
    const own = expected.expect(addressOf("127.0.0.1", 40_000));
    assertEquals(expected.accept(addressOf("127.0.0.2", 40_000), "stranger"), false);
    assertEquals(expected.accept(addressOf("127.0.0.1", 40_001), "stranger"), false);
    assertEquals(expected.accept(addressOf("127.0.0.1", 40_000), "own"), true);
    assertEquals(await own, "own");
  });

  it("are matched once", async () => {
    const expected = new ExpectedConns<string>();
    const first = expected.expect(addressOf("127.0.0.1", 40_000));
    assertEquals(expected.accept(addressOf("127.0.0.1", 40_000), "first"), true);
    assertEquals(expected.accept(addressOf("127.0.0.1", 40_000), "second"), false);
    assertEquals(await first, "first");
  });
});
