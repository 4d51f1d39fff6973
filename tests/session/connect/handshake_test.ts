import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { CIPHER_NAMES } from "../../../src/crypto/cipher.ts";
import { ProtocolError } from "../../../src/errors.ts";
import { ConnTransport } from "../../../src/net/transport.ts";
import { FRAME_HEADER_BYTES, FrameKind } from "../../../src/protocol/data/frame.ts";
import { formatPreamble, PREAMBLE_BYTES } from "../../../src/protocol/data/preamble.ts";
import { acceptHandshake, offerHandshake } from "../../../src/session/connect/handshake.ts";
import type { AuthenticatedStream, SessionSecrets } from "../../../src/session/model/session.ts";
import { FRAME_START, frameBuffer, FrameReader, FrameWriter } from "../../../src/streams/frames/frames.ts";
import { CIPHER_ENGINES } from "../../crypto/cipher_engines.ts";
import { connectPair } from "../../native/connected_pair.ts";
import { randomBytes } from "../../support/files/random_bytes.ts";
import { bytesUntilEnd } from "../bytes_until_end.ts";
import { fixedSecrets, PROOF_BYTES, SESSION_ID } from "../fixed_secrets.ts";

const ENGINE = CIPHER_ENGINES[0];

/** Sends a second frame from one end to the other. */
async function passOn(from: AuthenticatedStream, to: AuthenticatedStream, text: string): Promise<string> {
  const engine = CIPHER_ENGINES.at(-1)!;
  const writer = await FrameWriter.create(engine, new ConnTransport(from.conn), from.sendKey, 1);
  const buffer = frameBuffer(100);
  const { written } = new TextEncoder().encodeInto(text, buffer.subarray(FRAME_START + FRAME_HEADER_BYTES));
  await writer.write(FrameKind.pack, buffer, FRAME_START, written);
  const options = { payloadLimit: 100, received: 1, readAhead: true };
  const reader = await FrameReader.create(engine, new ConnTransport(to.conn), to.receiveKey, options);
  await reader.next();
  writer.close();
  reader.close();
  return new TextDecoder().decode(reader.bytes.subarray(reader.start, reader.end));
}

/** Runs the handshake of both ends with these secrets. Returns both results. */
async function meet(client: SessionSecrets, remote: SessionSecrets, claim = (_index: number) => true) {
  using pair = await connectPair();
  const [near, far] = await Promise.allSettled([
    offerHandshake(pair.near, 5, client, ENGINE),
    acceptHandshake(pair.far, remote, ENGINE, claim),
  ]);
  return { near: near.status, far: far.status, why: far.status === "rejected" ? far.reason : undefined };
}

describe("the handshake of a stream", () => {
  for (const cipher of CIPHER_NAMES) {
    it(`authenticates both ends, with matching keys that differ per direction (${cipher})`, async () => {
      using pair = await connectPair();
      const secrets = await fixedSecrets({ cipher });
      const claimed: number[] = [];
      const claim = (index: number) => claimed.push(index) > 0;
      const [client, remote] = await Promise.all([
        offerHandshake(pair.near, 5, secrets, CIPHER_ENGINES[0]),
        acceptHandshake(pair.far, secrets, CIPHER_ENGINES.at(-1)!, claim),
      ]);
      assertEquals([client.index, remote.index, claimed], [5, 5, [5]]);
      assertEquals([client.sendKey, client.receiveKey], [remote.receiveKey, remote.sendKey]);
      assertEquals(client.sendKey.key.join() === client.receiveKey.key.join(), false);
      assertEquals(await passOn(client, remote, "up"), "up");
      assertEquals(await passOn(remote, client, "down"), "down");
    });
  }

  it("fails on both ends if secrets, transcript, session or cipher differ", async () => {
    const secrets = await fixedSecrets();
    const other = {
      transcript: await fixedSecrets({ transcript: "another hello" }),
      session: await fixedSecrets({ id: SESSION_ID.replace("0", "1") }),
      cipher: await fixedSecrets({ cipher: "aes-256-gcm" }),
      secret: { ...secrets, key: { ...secrets.key, material: randomBytes(64, "another secret") } },
    };
    for (const [name, each] of Object.entries(other)) {
      const { near, far, why } = await meet(secrets, each);
      assertEquals([near, far], ["rejected", "rejected"], name);
      assertEquals(why instanceof ProtocolError && why.code, name === "session" ? "bad-preamble" : "bad-tag");
    }
  });

  it("claims the number after the proof, and fails if it is taken", async () => {
    const claimed: number[] = [];
    const claim = (index: number) => {
      claimed.push(index);
      return false;
    };
    assertEquals((await meet(await fixedSecrets({ transcript: "x" }), await fixedSecrets(), claim)).far, "rejected");
    assertEquals(claimed, []);
    const { near, far } = await meet(await fixedSecrets(), await fixedSecrets(), claim);
    assertEquals([near, far, claimed], ["rejected", "rejected", [5]]);
  });

  it("sends nothing to a stranger, and closes the connection", async () => {
    const preamble = formatPreamble(SESSION_ID, 1);
    const strangers: [string, Uint8Array][] = [
      ["garbage", randomBytes(PROOF_BYTES, "garbage")],
      [
        "another protocol",
        new TextEncoder().encode("GET / HTTP/1.1\r\nHost: example\r\nUser-Agent: another\r\nAccept: */*\r\n\r\n"),
      ],
      ["a preamble and garbage", Uint8Array.of(...preamble, ...randomBytes(FRAME_HEADER_BYTES + 16, "frame"))],
      ["a proof that claims 4 GiB", Uint8Array.of(...preamble, 1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255)],
    ];
    for (const [name, bytes] of strangers) {
      using pair = await connectPair();
      const accepting = acceptHandshake(pair.far, await fixedSecrets(), ENGINE, () => true);
      const refused = assertRejects(() => accepting, ProtocolError);
      await pair.near.write(bytes);
      await refused;
      assertEquals((await bytesUntilEnd(pair.near)).length, 0, name);
    }
  });

  it("fails if the connection ends at any byte before the end of the proof", async () => {
    for (const sent of [0, 1, PREAMBLE_BYTES - 1, PREAMBLE_BYTES, PREAMBLE_BYTES + 5]) {
      using pair = await connectPair();
      const accepting = acceptHandshake(pair.far, await fixedSecrets(), ENGINE, () => true);
      if (sent > 0) {
        await pair.near.write(formatPreamble(SESSION_ID, 1).subarray(0, sent));
        if (sent > PREAMBLE_BYTES) await pair.near.write(Uint8Array.of(1, 0, 0, 0, 0));
      }
      pair.near.close();
      await assertRejects(() => accepting);
    }
  });

  it("fails at the client if another server answers", async () => {
    for (const answer of [randomBytes(64, "answer"), new TextEncoder().encode("SSH-2.0-OpenSSH_9.9\r\n1234567890")]) {
      using pair = await connectPair();
      const proving = offerHandshake(pair.near, 1, await fixedSecrets(), ENGINE);
      const refused = assertRejects(() => proving, ProtocolError);
      await pair.far.write(answer);
      await refused;
    }
  });

  it("rejects the client's own proof as that of the remote end", async () => {
    using pair = await connectPair();
    const proving = offerHandshake(pair.near, 1, await fixedSecrets(), ENGINE);
    const refused = assertRejects(() => proving, ProtocolError);
    const sent = new Uint8Array(PROOF_BYTES);
    for (let have = 0; have < PROOF_BYTES;) have += (await pair.far.read(sent.subarray(have)))!;
    await pair.far.write(sent.subarray(PREAMBLE_BYTES));
    await refused;
  });
});
