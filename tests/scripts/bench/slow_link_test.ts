import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type LinkShape, startSlowLink } from "../../../scripts/bench/slow_link.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";

/** Sends bytes through a link to a server that returns them after it has received all of them. */
async function thereAndBack(bytes: Uint8Array<ArrayBuffer>, shape: LinkShape): Promise<Uint8Array> {
  using server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using conn = await server.accept();
    const all = new Uint8Array(await new Response(withoutClose(conn)).arrayBuffer());
    for (let at = 0; at < all.length;) at += await conn.write(all.subarray(at));
  })();
  await using link = startSlowLink(server.addr.port, shape);
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: link.port });
  const reading = new Response(withoutClose(conn)).arrayBuffer();
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  await conn.closeWrite();
  const back = new Uint8Array(await reading);
  await serving;
  return back;
}

/** Reads to the end. `conn.readable` would close both directions. */
function withoutClose(conn: Deno.TcpConn): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from((async function* () {
    const buffer = new Uint8Array(1 << 16);
    for (let read = await conn.read(buffer); read !== null; read = await conn.read(buffer)) yield buffer.slice(0, read);
  })());
}

describe("slow link", () => {
  it("forwards both directions to their ends, beyond its window", async () => {
    const bytes = randomBytes(5_000_001, "link");
    for (const shape of [{ roundTripMs: 0, bytesPerSecond: 0 }, { roundTripMs: 4, bytesPerSecond: 500e6 }]) {
      assertEquals(await thereAndBack(bytes, shape), bytes);
    }
  });

  // Both check a minimum, because a slow machine can only add time.
  it("delays each round trip", async () => {
    const before = performance.now();
    await thereAndBack(randomBytes(1), { roundTripMs: 40, bytesPerSecond: 0 });
    // One round trip to connect and one for the bytes. Timers have a precision of 1 ms.
    assert(performance.now() - before >= 78);
  });

  it("limits the rate", async () => {
    const before = performance.now();
    await thereAndBack(randomBytes(1_000_000), { roundTripMs: 0, bytesPerSecond: 20e6 });
    // 50 ms in each direction. The last timer may fire a fraction of a millisecond early.
    assert(performance.now() - before >= 98);
  });
});
