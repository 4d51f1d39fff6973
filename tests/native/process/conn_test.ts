import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { StartError } from "../../../src/errors.ts";
import { openPipeCalls } from "../../../src/native/net/pipe_calls.ts";
import { pipesOf } from "../../../src/native/net/pipes.ts";
import { ProcessConn } from "../../../src/native/process/conn.ts";
import { openSocketCalls } from "../../../src/native/net/socket_calls.ts";
import { ConnTransport } from "../../../src/net/transport.ts";

const native = Deno.build.os === "linux";
// Open the libraries here, because they stay open and would count as leaks of the first test.
if (native) [openSocketCalls(), openPipeCalls()];

for (const [engine, find] of [["portable", undefined], ["native", pipesOf]] as const) {
  describe(`ProcessConn, ${engine}`, { ignore: find && !native }, () => {
    const sh = (script: string) => new ProcessConn("sh", ["-c", script], { pipesOf: find });

    it("transfers bytes in both directions, with reads of any size", async () => {
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

    it("writes at most the capacity of a pipe at once", async () => {
      const conn = sh("exec cat > /dev/null");
      const taken = await conn.write(new Uint8Array(3 << 20));
      assert(find ? taken <= 1 << 20 : taken === 64 << 10, `${taken}`);
      conn.close();
      await conn.ended;
    });

    it("ends when the process exits, and returns the last lines of its stderr", async () => {
      const conn = sh("echo one >&2; echo two >&2; echo three >&2; exit 1");
      assertEquals(await conn.read(new Uint8Array(10)), null);
      assertEquals(await conn.failureText(), "two; three");
      conn.close();
    });

    it("close() lets the process forward the bytes written before", async () => {
      const file = await Deno.makeTempFile();
      const conn = sh(`exec cat > ${file}`);
      await conn.write(new TextEncoder().encode("to the end"));
      conn.close();
      await conn.ended;
      assertEquals(await Deno.readTextFile(file), "to the end");
      await Deno.remove(file);
    });

    it("kill() ends a process that does not read, and rejects further reads", async () => {
      const conn = sh("exec sleep 100");
      conn.kill();
      await conn.ended;
      await assertRejects(() => conn.read(new Uint8Array(1)), Deno.errors.BadResource);
    });

    it("rejects writes when the process has closed its stdin, and kill() ends a waiting read and write", async () => {
      const gone = sh("exec 0<&-; echo ready; exec sleep 100");
      await gone.read(new Uint8Array(6));
      await assertRejects(async () => {
        for (;;) await gone.write(new Uint8Array(1 << 20));
      });
      gone.kill();
      const full = sh("exec sleep 100");
      const reading = full.read(new Uint8Array(1)).catch(() => null);
      const writing = (async () => {
        for (;;) await full.write(new Uint8Array(1 << 20));
      })().catch(() => {});
      full.kill();
      await Promise.all([gone.ended, full.ended, writing]);
      assertEquals(await reading, null);
    });

    it("names the program that cannot be started", () => {
      assertThrows(() => new ProcessConn("/no/such/program", []), StartError, "Cannot start /no/such/program: ");
    });
  });
}

describe("pipesOf", { ignore: !native }, () => {
  it("finds the pipes of a child, unless it has exited or has no pipes", async () => {
    const child = new Deno.Command("cat", { stdin: "piped", stdout: "piped" }).spawn();
    const pipes = pipesOf(child.pid)!;
    assertEquals(await pipes.stdin.write(new Uint8Array([1, 2, 3])), 3);
    const buffer = new Uint8Array(10);
    assertEquals([await pipes.stdout.read(buffer), ...buffer.subarray(0, 3)], [3, 1, 2, 3]);
    pipes.stdin.close();
    await child.stdin.close();
    assertEquals(await pipes.stdout.read(buffer), null);
    pipes.stdout.close();
    await child.stdout.cancel();
    await child.status;
    assertEquals(pipesOf(child.pid), undefined);
    const other = new Deno.Command("true", { stdin: "null", stdout: "null" }).spawn();
    assertEquals(pipesOf(other.pid), undefined);
    await other.status;
  });
});
