import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { observeConnection } from "../../../src/native/net/tcp_info.ts";

/** Opens both ends of a TCP connection. */
async function connect(): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepted = listener.accept();
  return [await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }), await accepted];
}

describe("an observed connection", { ignore: Deno.build.os !== "linux" }, () => {
  it("counts the bytes in both directions, and unread data", async () => {
    const [one, other] = await connect();
    using _one = one;
    using _other = other;
    const [sender, receiver] = [observeConnection(one)!, observeConnection(other)!];
    for (let sent = 0; sent < 40_000;) sent += await one.write(new Uint8Array(40_000 - sent));
    const buffer = new Uint8Array(1 << 16);
    const first = await other.read(buffer);
    for (let read = first!; read < 40_000;) read += (await other.read(buffer))!;
    await other.write(buffer.subarray(0, 1));
    await one.read(buffer);
    const [sent, received] = [sender.read()!, receiver.read()!];
    // The kernel counts the SYN as a byte.
    assertEquals([sent.sent, received.received], [40_001, 40_000]);
    assert(sent.roundTripMs > 0 && sent.segments > 0 && sent.busyMs >= sent.blockedMs);
    assertEquals(received.unread, 0);
    await one.write(new Uint8Array(40_000));
    while (receiver.read()!.received < 80_000) await new Promise((resolve) => setTimeout(resolve, 0));
    assert(receiver.read()!.unread > 0);
  });

  it("has no statistics after its end, even if its descriptor belongs to another connection", async () => {
    const [one, other] = await connect();
    const observed = observeConnection(one)!;
    one.close();
    other.close();
    const [next, peer] = await connect();
    using _next = next;
    using _peer = peer;
    assertEquals(observed.read(), undefined);
  });

  it("is missing for connections of other kinds", () => {
    assertEquals(observeConnection({ read() {}, write() {}, close() {} }), undefined);
  });
});
