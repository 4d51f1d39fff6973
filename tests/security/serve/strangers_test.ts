/** Clients of `escp --serve` that are strangers, or break the protocol, before their proof. A real server, and raw connections. */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { equals } from "../../../src/bytes.ts";
import { closeQuietly } from "../../../src/net/close.ts";
import { formatAnswer, formatFirstLine } from "../../../src/protocol/serve/first_line.ts";
import { formatLogin, MAX_PROOFS, type Proof } from "../../../src/protocol/serve/login_messages.ts";
import { secretProof } from "../../../src/protocol/serve/proof.ts";
import type { KeySigner } from "../../../src/serve/keys/key_signer.ts";
import { parsePrivateKey } from "../../../src/serve/keys/private_key.ts";
import { createKey } from "../../support/hosts/client_key.ts";
import { type Serving, startServing } from "../../support/hosts/serving.ts";
import { connectTo, converse, openRawClient, proofOf, type RawClient, readToEnd, tryProof } from "./client.ts";

const ROUTE = "0123456789abcdef0123456789abcdef";

/** Returns the key that the server accepts. */
async function authorizedKey({ clientHome }: Serving): Promise<KeySigner> {
  return await parsePrivateKey(await Deno.readTextFile(`${clientHome}/.ssh/id_ed25519`));
}

describe("escp --serve, before a proof", () => {
  let serving: Serving;
  let key: KeySigner;
  beforeAll(async () => {
    serving = await startServing();
    key = await authorizedKey(serving);
  });
  afterAll(() => serving[Symbol.asyncDispose]());

  /** Asserts that a client with the key is accepted. Its session ends with the connection. */
  async function accepts(): Promise<void> {
    using client = await openRawClient(serving.port);
    assertEquals(await tryProof(client, await proofOf(key, client)), "accepted");
  }

  /** Asserts that the server denies a proof, and then accepts that of the key, which ends the pauses after wrong proofs. */
  async function denies(client: RawClient, proof: Proof): Promise<void> {
    assertEquals(await tryProof(client, proof), "denied");
    assertEquals(await tryProof(client, await proofOf(key, client)), "accepted");
  }

  it("ends connections whose first line is not that of escp", async () => {
    const lines = [
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "\n",
      "SSH-2.0-x\r\n",
      "escps/1 control \n",
      "escps/2 control\n",
      "escps/1 data\n",
      `escps/1 data ${ROUTE.toUpperCase()}\n`,
      `escps/1 data ${ROUTE}\n`,
      "escps/1 control\nx",
      // The beginning of TLS without a first line.
      Uint8Array.of(0x16, 3, 1, 0, 200, 1, 0, 0, 0x0a),
      new Uint8Array(100_000).fill(0x41),
    ];
    for (const line of lines) {
      assertEquals(await converse(serving.port, line), new Uint8Array(), String(line).slice(0, 40));
    }
    await accepts();
  });

  it("ends a connection that is not TLS after its certificate", async () => {
    const conn = await connectTo(serving.port);
    const encoder = new TextEncoder();
    await conn.write(encoder.encode(formatFirstLine({ kind: "control" })));
    const buffer = new Uint8Array(4096);
    assert(new TextDecoder().decode(buffer.subarray(0, (await conn.read(buffer))!)).startsWith("escps/1 certificate "));
    await conn.write(encoder.encode("GET / HTTP/1.1\r\n\r\n"));
    await readToEnd(conn);
    closeQuietly(conn);
    await accepts();
  });

  it("denies a key that is not authorized", async () => {
    using client = await openRawClient(serving.port);
    const stranger = await parsePrivateKey((await createKey()).file);
    await denies(client, await proofOf(stranger, client));
  });

  it("denies the name of an authorized key with the signature of another", async () => {
    using client = await openRawClient(serving.port);
    const stranger = await parsePrivateKey((await createKey()).file);
    const forged = { publicKey: key.publicKey, sign: stranger.sign };
    await denies(client, await proofOf(forged, client));
  });

  it("denies a recorded proof in another connection", async () => {
    using first = await openRawClient(serving.port);
    const proof = await proofOf(key, first);
    using second = await openRawClient(serving.port);
    assertNotEquals(first.serverNonce, second.serverNonce);
    assertEquals(await tryProof(first, proof), "accepted");
    await denies(second, proof);
  });

  it("denies a proof for another certificate, as a server in the middle would pass it on", async () => {
    using client = await openRawClient(serving.port);
    const proof = await proofOf(key, { ...client, certificateHash: new Uint8Array(32) });
    await denies(client, proof);
  });

  it("denies the proof of a one-time secret", async () => {
    using client = await openRawClient(serving.port);
    const { certificateHash, serverNonce } = client;
    const nonce = new Uint8Array(32);
    const secret = new Uint8Array(16);
    const mac = await secretProof("client", secret, { certificateHash, serverNonce, clientNonce: nonce });
    await denies(client, { type: "once", nonce, mac });
  });

  it("ends a connection after wrong messages, and after too many proofs", async () => {
    const messages = [
      "\n",
      "{}\n",
      "[".repeat(4000) + "\n",
      `{"type":"key","nonce":"AAAA"}\n`,
      "x".repeat(5000) + "\n",
    ];
    for (const message of messages) {
      using client = await openRawClient(serving.port);
      const failed = await client.send(message).then(() => undefined, (error) => error);
      assert(failed instanceof Error, message.slice(0, 20));
    }
    using client = await openRawClient(serving.port);
    const stranger = await parsePrivateKey((await createKey()).file);
    for (let count = 1; count <= MAX_PROOFS; count++) {
      assertEquals(await tryProof(client, await proofOf(stranger, client)), "denied");
    }
    const late = await tryProof(client, await proofOf(key, client)).catch(() => "ended");
    assertEquals(late, "ended");
    await accepts();
  });

  it("denies keys of other types and lengths", async () => {
    using client = await openRawClient(serving.port);
    const proof = await proofOf(key, client) as Extract<Proof, { type: "key" }>;
    for (const blob of [key.publicKey.blob.subarray(1), new Uint8Array(256)]) {
      assertEquals(await tryProof(client, { ...proof, key: new Uint8Array(blob) }), "denied");
    }
    await denies(client, { ...proof, key: new Uint8Array() });
  });

  it("does not start a remote end for a client without a right proof", async () => {
    using client = await openRawClient(serving.port);
    const stranger = await parsePrivateKey((await createKey()).file);
    const before = serving.server.printed.stderr.match(/session begins/g)?.length ?? 0;
    await client.send(formatLogin(await proofOf(stranger, client)));
    assertEquals(serving.server.printed.stderr.match(/session begins/g)?.length ?? 0, before);
  });

  it("keeps places for 16 of 1,000 idle strangers, and lets the owner of the key of the same network in", async () => {
    await using strangers = new AsyncDisposableStack();
    for (let count = 0; count < 16; count++) strangers.use(await openRawClient(serving.port));
    const busy = new TextEncoder().encode(formatAnswer({ kind: "refused", reason: "busy" }));
    let refused = 0;
    for (let count = 0; count < 1000; count++) {
      const conn = await connectTo(serving.port);
      strangers.use({ [Symbol.dispose]: () => closeQuietly(conn) });
      readToEnd(conn).then((end) => refused += equals(end, busy) ? 1 : 0);
    }
    await Deno.writeTextFile(`${serving.work}/file`, "text");
    const beganMs = performance.now();
    const result = await serving.run(["file", serving.url("among-strangers")]);
    assertEquals(result.code, 0, result.stderr);
    assert(performance.now() - beganMs < 15_000, `${performance.now() - beganMs} ms`);
    assert(refused > 900, `${refused} refused`);
  });

  it("ends a client that sends its first line too slowly", async () => {
    using conn = await connectTo(serving.port);
    const ended = readToEnd(conn);
    for (const byte of new TextEncoder().encode("escps/1 contro")) await conn.write(Uint8Array.of(byte));
    assertEquals(await ended, new Uint8Array());
    await accepts();
  });
});
