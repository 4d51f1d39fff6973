import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { StartError } from "../../src/errors.ts";
import { ProcessConn } from "../../src/native/process_conn.ts";
import { ConnTransport } from "../../src/native/transport.ts";

const sh = (script: string) => new ProcessConn("sh", ["-c", script]);

describe("ProcessConn", () => {
  it("carries bytes both ways, in pieces of any size, to the end", async () => {
    const conn = sh("exec cat");
    const transport = new ConnTransport(conn);
    const sent = crypto.getRandomValues(new Uint8Array(60_000));
    const received = new Uint8Array(3 * sent.length);
    const sending = (async () => {
      for (let round = 0; round < 3; round++) {
        for (let at = 0; at < sent.length;) at += await transport.write(sent, at, sent.length);
      }
    })();
    for (let have = 0; have < received.length;) {
      have += await transport.read(received, have, Math.min(have + 7_001, received.length));
    }
    await sending;
    for (let round = 0; round < 3; round++) {
      assertEquals(received.subarray(round * sent.length, (round + 1) * sent.length), sent);
    }
    transport.close();
    await conn.ended;
  });

  it("takes no more at one time than a pipe holds", async () => {
    const conn = sh("exec cat > /dev/null");
    assertEquals(await conn.write(new Uint8Array(1 << 20)), 64 << 10);
    conn.close();
    await conn.ended;
  });

  it("ends where the process does, and tells what it said last", async () => {
    const conn = sh("echo one >&2; echo two >&2; echo three >&2; exit 1");
    assertEquals(await conn.read(new Uint8Array(10)), null);
    assertEquals(await conn.said(), "two; three");
    conn.close();
  });

  it("passes on what was written before it was closed", async () => {
    const file = await Deno.makeTempFile();
    const conn = sh(`exec cat > ${file}`);
    await conn.write(new TextEncoder().encode("to the end"));
    conn.close();
    await conn.ended;
    assertEquals(await Deno.readTextFile(file), "to the end");
    await Deno.remove(file);
  });

  it("ends a process that does not listen, and reads nothing any more", async () => {
    const conn = sh("exec sleep 100");
    conn.kill();
    await conn.ended;
    await assertRejects(() => conn.read(new Uint8Array(1)), Deno.errors.BadResource);
  });

  it("says which program cannot be started", () => {
    assertThrows(() => new ProcessConn("/no/such/program", []), StartError, "Cannot start /no/such/program: ");
  });
});
