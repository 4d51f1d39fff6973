import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError, UserError } from "../../../src/errors.ts";
import { checkCongestion, chooseCongestion, parseCongestion } from "../../../src/native/net/congestion.ts";
import { openLibc } from "../../../src/native/libc/libc.ts";
import { IPPROTO_TCP, TCP_CONGESTION } from "../../../src/native/net/socket_calls.ts";
import { descriptorOf } from "../../../src/native/net/socket_descriptor.ts";
import { connectPair } from "../connected_pair.ts";

describe("parseCongestion", () => {
  it("takes names as kernels have them", () => {
    for (const name of ["bbr", "cubic", "a".repeat(15), "DCTCP_2-x"]) assertEquals(parseCongestion(name), name);
  });

  it("refuses what cannot be one", () => {
    for (const name of ["", "a".repeat(16), "b r", "bbr\0", "../bbr", "\u00e9"]) {
      assertThrows(() => parseCongestion(name), UsageError);
    }
  });
});

describe("chooseCongestion", { ignore: Deno.build.os !== "linux" }, () => {
  it("is for that end of that connection", async () => {
    using pair = await connectPair();
    const before = congestionOf(pair.far);
    // Every kernel has it, and lets everyone use it.
    chooseCongestion(pair.near, "reno");
    assertEquals([congestionOf(pair.near), congestionOf(pair.far)], ["reno", before]);
  });

  it("says what this system has instead", async () => {
    using pair = await connectPair();
    for (const tried of [() => checkCongestion("no-such-one"), () => chooseCongestion(pair.near, "no-such-one")]) {
      const error = assertThrows(tried, UserError, "Cannot use congestion control no-such-one: this system has none");
      assertEquals(error.hint?.startsWith("It has ") && error.hint.includes("reno"), true, error.hint);
    }
    checkCongestion("reno");
  });
});

function congestionOf(conn: Deno.TcpConn): string {
  const { symbols } = openLibc({
    getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  });
  const [name, length] = [new Uint8Array(16), new Uint32Array([16])];
  assertEquals(symbols.getsockopt(descriptorOf(conn)!, IPPROTO_TCP, TCP_CONGESTION, name, length), 0);
  return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
}
