import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { PacedTransport } from "../../src/net/paced_transport.ts";
import type { Transport } from "../../src/net/transport.ts";

/** Returns a transport over a connection that carries all bytes at once, and a record of the calls. */
function pacedTransport(paces?: "writes" | "reads") {
  const calls: string[] = [];
  const inner: Transport = {
    read: (_, start, end) => (calls.push(`read ${end - start}`), end - start),
    write: (_, start, end) => (calls.push(`write ${end - start}`), end - start),
    close: () => calls.push("close"),
  };
  const pace = {
    next: () => (calls.push("wait"), Promise.resolve(10)),
    count: (bytes: number) => calls.push(`count ${bytes}`),
  };
  return { paced: new PacedTransport(inner, pace, paces), calls };
}

describe("PacedTransport", () => {
  const buffer = new Uint8Array(100);

  it("delays and cuts the writes of a sender, and not its reads", async () => {
    const { paced, calls } = pacedTransport();
    assertEquals(await paced.write(buffer, 50, 100), 10);
    assertEquals(await paced.write(buffer, 50, 53), 3);
    assertEquals(await paced.read(buffer, 0, 100), 100);
    assertEquals(calls, ["wait", "write 10", "count 10", "wait", "write 3", "count 3", "read 100"]);
  });

  it("delays and cuts the reads of a receiver, and not its writes", async () => {
    const { paced, calls } = pacedTransport("reads");
    assertEquals(await paced.read(buffer, 50, 100), 10);
    assertEquals(await paced.read(buffer, 50, 53), 3);
    assertEquals(await paced.write(buffer, 0, 100), 100);
    paced.close();
    assertEquals(calls, ["wait", "read 10", "count 10", "wait", "read 3", "count 3", "write 100", "close"]);
  });
});
