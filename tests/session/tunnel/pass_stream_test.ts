import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { crc32 } from "node:zlib";
import { ProtocolError } from "../../../src/errors.ts";
import type { ByteReader } from "../../../src/net/pass.ts";
import { passStream } from "../../../src/session/tunnel/pass_stream.ts";
import { formatPreamble } from "../../../src/protocol/data/preamble.ts";
import { ProcessConn } from "../../../src/native/process/conn.ts";
import { StreamSession } from "../../../src/ssh/stream_session.ts";
import { ENGINES } from "../../support/scene.ts";
import { escpCommand } from "../../support/escp/escp_command.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { AS_OTHER_USER, otherUserProblem } from "../../support/files/plain_rights.ts";
import { openReceiverPort } from "../receiver_port.ts";

const PREAMBLE = formatPreamble("00112233445566778899aabbccddeeff", 7);

/** Listens on a data port that answers each byte with its successor until the peer ends. */
function answering() {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const received: number[] = [];
  const done = (async () => {
    using conn = await listener.accept();
    const buffer = new Uint8Array(100);
    for (let count; (count = await conn.read(buffer)) !== null;) {
      received.push(...buffer.subarray(0, count));
      await conn.write(buffer.subarray(0, count).map((byte) => byte + 1));
    }
  })();
  return { port: listener.addr.port, received, done, close: () => listener.close() };
}

/** Reads exactly `length` bytes. */
async function readBytes(conn: ByteReader, length: number): Promise<Uint8Array> {
  const all = new Uint8Array(length);
  for (let have = 0; have < length;) {
    const count = await conn.read(all.subarray(have));
    if (count === null) throw new Error(`It ended behind ${have} bytes`);
    have += count;
  }
  return all;
}

/** Reads to the end. */
async function readAll(conn: ByteReader): Promise<Uint8Array> {
  const all: number[] = [];
  const buffer = new Uint8Array(100);
  for (let count; (count = await conn.read(buffer)) !== null;) all.push(...buffer.subarray(0, count));
  return new Uint8Array(all);
}

function session(port: number, before: string, engine?: string): StreamSession {
  const [program, ...args] = escpCommand();
  const line = ["-c", `${before}; exec "$0" "$@"`, program, ...args, `--receiver-stream=${port}`];
  return new StreamSession(new ProcessConn("sh", line, { env: engine ? { ESCP_ENGINE: engine } : {} }));
}

describe("a stream through its own ssh session", () => {
  for (const [name, noise] of [["silent", ":"], ["talking", "echo Welcome; printf 'escp-stream? '"]]) {
    it(`reaches the data port after a ${name} login`, async () => {
      const place = answering();
      await using receiver = await openReceiverPort(place.port);
      const conn = session(receiver.port, noise);
      await conn.write(PREAMBLE);
      await conn.write(new Uint8Array([1, 2, 3]));
      const answer = new Uint8Array(PREAMBLE.length + 3);
      for (let have = 0; have < answer.length;) have += (await conn.read(answer.subarray(have)))!;
      assertEquals(answer.subarray(-3), new Uint8Array([2, 3, 4]));
      conn.close();
      await Promise.all([place.done, conn.ended]);
      assertEquals(place.received, [...PREAMBLE, 1, 2, 3]);
      place.close();
    });
  }

  for (const engine of ENGINES) {
    it(`carries much data in both directions at the same time (${engine})`, async () => {
      const sent = randomBytes(24 << 20, "both ways");
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      await using receiver = await openReceiverPort(listener.addr.port);
      const conn = session(receiver.port, ":", engine);
      const write = async (to: { write(bytes: Uint8Array): Promise<number> }, bytes: Uint8Array) => {
        for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
      };
      const reading = readBytes(conn, sent.length);
      await write(conn, PREAMBLE);
      using place = await listener.accept();
      const there = readBytes(place, PREAMBLE.length + sent.length);
      await Promise.all([write(conn, sent), write(place, sent)]);
      assertEquals(crc32(await reading), crc32(sent));
      assertEquals(crc32((await there).subarray(PREAMBLE.length)), crc32(sent));
      conn.close();
      assertEquals(await place.read(new Uint8Array(1)), null);
      place.close();
      await conn.ended;
    });
  }

  it("reports that no process listens on the data port", async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    listener.close();
    const conn = session(port, ":");
    await conn.write(PREAMBLE);
    assertEquals(await readAll(conn), new Uint8Array());
    assertEquals(
      await conn.failureText(),
      `escp: Cannot connect to port ${port} of this host: Connection refused`,
    );
    conn.close();
    await conn.ended;
  });

  const OTHERS: [who: string, options: Parameters<typeof openReceiverPort>[1], problem?: string][] = [
    ["another program of this user", { args: [] }],
    ["an escp of another user", { as: AS_OTHER_USER }, otherUserProblem],
  ];
  for (const [who, options, problem] of OTHERS) {
    for (const hostname of ["127.0.0.1", "0.0.0.0", "::"]) {
      it({
        name: `reaches no port of ${who} at ${hostname}${problem ? ` (skipped: ${problem})` : ""}`,
        ignore: problem !== undefined,
        async fn() {
          using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
          const accepted = listener.accept().then((conn) => conn.close(), () => "nobody");
          await using other = await openReceiverPort(listener.addr.port, { ...options, hostname });
          const conn = session(other.port, ":");
          await conn.write(PREAMBLE);
          assertEquals(await readAll(conn), new Uint8Array());
          assertEquals(
            await conn.failureText(),
            `escp: Cannot connect to port ${other.port} of this host: no escp of this user listens on it`,
          );
          conn.close();
          await conn.ended;
          listener.close();
          assertEquals(await accepted, "nobody");
        },
      });
    }
  }

  it("fails if the login prints too much", async () => {
    const conn = new StreamSession(new ProcessConn("sh", ["-c", "exec yes"]));
    await assertRejects(() => conn.read(new Uint8Array(1)), Deno.errors.InvalidData, "too much");
    conn.kill();
    await conn.ended;
  });

  it("fails if the login ends before the stream", async () => {
    const conn = new StreamSession(new ProcessConn("sh", ["-c", "echo Nonsense"]));
    assertEquals(await readAll(conn), new Uint8Array());
    conn.kill();
    await conn.ended;
  });

  it("rejects data without a preamble", async () => {
    const texts = ["", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\n\r\n".repeat(10), "ESCPDATA".repeat(8)];
    for (const text of texts) {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      let rest = new TextEncoder().encode(text);
      const input = {
        read(buffer: Uint8Array) {
          const { written } = { written: Math.min(buffer.length, rest.length) };
          buffer.set(rest.subarray(0, written));
          rest = rest.slice(written);
          return Promise.resolve(written === 0 ? null : written);
        },
      };
      const output = { write: (bytes: Uint8Array) => Promise.resolve(bytes.length) };
      await assertRejects(() => passStream(listener.addr.port, input, output), ProtocolError);
    }
  });
});
