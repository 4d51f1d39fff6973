import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { UsageError, UserError } from "../../../src/errors.ts";
import { checkCongestion, chooseCongestion, parseCongestion } from "../../../src/native/net/congestion.ts";
import { openLibc } from "../../../src/native/libc/libc.ts";
import { IPPROTO_TCP, TCP_CONGESTION } from "../../../src/native/net/socket_calls.ts";
import { descriptorOf } from "../../../src/native/net/socket_descriptor.ts";
import { connectPair } from "../connected_pair.ts";

describe("parseCongestion", () => {
  it("accepts names in the form that the kernel uses", () => {
    for (const name of ["bbr", "cubic", "a".repeat(15), "DCTCP_2-x"]) assertEquals(parseCongestion(name), name);
  });

  it("refuses names that are empty, too long or contain other characters", () => {
    for (const name of ["", "a".repeat(16), "b r", "bbr\0", "../bbr", "\u00e9"]) {
      assertThrows(() => parseCongestion(name), UsageError);
    }
  });
});

describe("chooseCongestion", { ignore: Deno.build.os !== "linux" }, () => {
  it("changes only one end of one connection", async () => {
    using pair = await connectPair();
    const before = congestionOf(pair.far);
    // Every kernel has reno, without restrictions.
    chooseCongestion(pair.near, "reno");
    assertEquals([congestionOf(pair.near), congestionOf(pair.far)], ["reno", before]);
  });

  it("lists the available names if the name is unknown", async () => {
    using pair = await connectPair();
    for (const select of [() => checkCongestion("no-such-one"), () => chooseCongestion(pair.near, "no-such-one")]) {
      const error = assertThrows(select, UserError, "Cannot use congestion control no-such-one: it is not available");
      assertEquals(error.hint?.startsWith("Use ") && error.hint.includes("reno"), true, error.hint);
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
