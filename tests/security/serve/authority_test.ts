/** Strangers at `escp --serve --certificate`, and servers of one authority between a client and another. A real server. */

import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import { closeQuietly } from "../../../src/net/close.ts";
import { type ByteReader, type ByteWriter, pass, writeAll } from "../../../src/net/pass.ts";
import { MAX_ANSWER_BYTES, parseAnswer } from "../../../src/protocol/serve/first_line.ts";
import { parsePemBlocks } from "../../../src/serve/certificate.ts";
import { startAuthorityTls } from "../../../src/serve/client/authority_tls.ts";
import { startPinnedTls } from "../../../src/serve/client/pinned_tls.ts";
import type { KeySigner } from "../../../src/serve/keys/key_signer.ts";
import { parsePrivateKey } from "../../../src/serve/keys/private_key.ts";
import { readLine } from "../../../src/serve/read_line.ts";
import { mutate, noise } from "../../fuzz/mutate.ts";
import { startFakeServer } from "../../serve/client/fake_server.ts";
import { RandomBytes } from "../../support/files/random_bytes.ts";
import { createTempDirectory, type TempDirectory } from "../../support/files/temp.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { type Authority, createAuthority, writeCertified } from "../../support/hosts/authority.ts";
import { createKey } from "../../support/hosts/client_key.ts";
import { type Serving, startServing } from "../../support/hosts/serving.ts";
import { connectTo, openCertifiedClient, openRawClient, proofOf, readToEnd, tryProof } from "./client.ts";

/** Connects to a server, and returns the connection and the certificate that it shows. */
async function requestCertificate(port: number): Promise<{ conn: Deno.TcpConn; certificate: Uint8Array<ArrayBuffer> }> {
  const conn = await connectTo(port);
  await conn.write(new TextEncoder().encode("escps/1 control\n"));
  const answer = parseAnswer((await readLine(conn, MAX_ANSWER_BYTES)).line);
  if (answer.kind !== "certificate") throw new Error("The server has refused the connection");
  return { conn, certificate: answer.certificate };
}

describe("escp --serve --certificate, before a proof", () => {
  let directory: TempDirectory;
  let authority: Authority;
  let serving: Serving;
  let key: KeySigner;
  beforeAll(async () => {
    directory = await createTempDirectory();
    authority = await createAuthority();
    const certified = await authority.certify({ names: ["127.0.0.1"] });
    serving = await startServing({ args: await writeCertified(directory.path, certified) });
    key = await parsePrivateKey(await Deno.readTextFile(`${serving.clientHome}/.ssh/id_ed25519`));
  });
  afterAll(async () => {
    await serving[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  });

  /** Returns a new directory for files of a certificate. */
  async function newDirectory(): Promise<string> {
    return await Deno.makeTempDir({ dir: directory.path });
  }

  /** Asserts that clients with the key are accepted, with either certificate. */
  async function accepts(): Promise<void> {
    using certified = await openCertifiedClient(serving.port, authority.pem);
    assertEquals(await tryProof(certified, await proofOf(key, certified)), "accepted");
    using pinned = await openRawClient(serving.port);
    assertEquals(await tryProof(pinned, await proofOf(key, pinned)), "accepted");
    assertNotEquals(certified.certificateHash, pinned.certificateHash);
  }

  /** Sends bytes and the end of the direction, and reads until the server ends the connection. */
  async function sendAndEnd(bytes: Uint8Array): Promise<void> {
    using conn = await connectTo(serving.port);
    await writeAll(conn, bytes).catch(() => {});
    await conn.closeWrite().catch(() => {});
    await readToEnd(conn);
  }

  it("denies a key that is not authorized, and a proof for its other certificate", async () => {
    const stranger = await parsePrivateKey((await createKey()).file);
    using client = await openCertifiedClient(serving.port, authority.pem);
    assertEquals(await tryProof(client, await proofOf(stranger, client)), "denied");
    using pinned = await openRawClient(serving.port);
    const { certificateHash } = pinned;
    assertEquals(await tryProof(client, await proofOf(key, { ...client, certificateHash })), "denied");
    assertEquals(await tryProof(client, await proofOf(key, client)), "accepted");
  });

  it("ends connections that begin like TLS, and continue with other, damaged or no bytes", async () => {
    const hello = await recordHello();
    const random = new RandomBytes("hello");
    assertEquals(hello[0], 0x16);
    const starts = [hello.slice(0, 1), hello.slice(0, 64), hello.slice(0, -1), Uint8Array.of(0x16, 0x0a)];
    for (const bytes of starts) await sendAndEnd(bytes);
    for (let round = 0; round < 200; round++) {
      const bytes = round % 4 === 0 ? noise(300, random) : mutate(hello, random);
      await sendAndEnd(Uint8Array.of(0x16, ...bytes.subarray(round % 2)));
    }
    await accepts();
  });

  it("accepts a first record that arrives byte by byte", async () => {
    await using relay = startFakeServer(async (client) => {
      const server = await connectTo(serving.port);
      const up = async () => {
        const buffer = new Uint8Array(4096);
        for (let count = await client.read(buffer); count !== null; count = await client.read(buffer)) {
          for (const byte of buffer.slice(0, count)) await server.write(Uint8Array.of(byte));
        }
      };
      await Promise.race([up(), pass(server, client)]);
      closeQuietly(server);
    });
    using client = await openCertifiedClient(relay.port, authority.pem);
    assertEquals(await tryProof(client, await proofOf(key, client)), "accepted");
  });

  it("counts connections that began with TLS, and refuses or replaces more than 16", async () => {
    const certified = await authority.certify({ names: ["127.0.0.1"] });
    // A log of its own, because it has few lines per minute for a network.
    await using own = await startServing({ args: await writeCertified(await newDirectory(), certified) });
    using waiting = new DisposableStack();
    for (let count = 0; count < 15; count++) waiting.use(await openCertifiedClient(own.port, authority.pem));
    // TLS that does not continue counts, too.
    const silent = waiting.use(await connectTo(own.port));
    await silent.write(Uint8Array.of(0x16, 3, 1));
    waiting.use(await connectTo(own.port));
    // A connection that has waited for 2 s is replaced, which depends on how busy this machine is.
    await own.server.waitForText("stderr", /too many connections without a proof|dropped for a newer connection/);
  });
});

/** Returns the first bytes of a client of TLS. */
async function recordHello(): Promise<Uint8Array> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  await using listening = startFakeServer(async (conn) => {
    const buffer = new Uint8Array(4096);
    resolve(buffer.slice(0, (await conn.read(buffer)) ?? 0));
  });
  const client = await Deno.startTls(await connectTo(listening.port), { hostname: "127.0.0.1" });
  client.handshake().catch(() => {});
  const hello = await promise;
  closeQuietly(client);
  return hello;
}

describe("a server of the same authority that passes the login of a client on to another server", () => {
  /** Starts a server with a certificate for "localhost", which passes what a client sends on to another connection. */
  async function startMiddle(
    authority: Authority,
    connect: () => Promise<ByteReader & ByteWriter & { close(): void }>,
  ): Promise<{ port: number } & AsyncDisposable> {
    const { certificate: cert, privateKey: key } = await authority.certify({ names: ["localhost"] });
    const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
    const accepting = (async () => {
      const conn = await listener.accept();
      const real = await connect();
      await Promise.race([pass(conn, real), pass(real, conn)]).catch(() => {});
      closeQuietly(conn);
      closeQuietly(real);
    })();
    return {
      port: listener.addr.port,
      async [Symbol.asyncDispose]() {
        await accepting;
        listener.close();
      },
    };
  }

  const routes: [string, (port: number, ca: string) => Promise<ByteReader & ByteWriter & { close(): void }>][] = [
    ["with the certificate of the authority", async (port, ca) => {
      return (await startAuthorityTls({ host: "127.0.0.1", port }, {
        name: "server",
        authorities: { path: "ca", certificates: parsePemBlocks("CERTIFICATE", ca)! },
        timeoutMs: 30_000,
        signal: new AbortController().signal,
      })).conn;
    }],
    ["with its own certificate", async (port) => {
      const { conn, certificate } = await requestCertificate(port);
      return await startPinnedTls(conn, certificate);
    }],
  ];
  for (const [name, connect] of routes) {
    it(`gets no session there, ${name}`, async () => {
      await using directory = await createTempDirectory();
      const authority = await createAuthority();
      const ca = `${directory.path}/ca.pem`;
      await Deno.writeTextFile(ca, authority.pem);
      const args = await writeCertified(directory.path, await authority.certify({ names: ["127.0.0.1"] }));
      await using serving = await startServing({ args });
      await writeTree(serving.root, { secret: "secret" });
      await using middle = await startMiddle(authority, () => connect(serving.port, authority.pem));
      const result = await serving.run(["--ca", ca, `escps://localhost:${middle.port}/secret`, "copy"], {
        env: { DENO_TLS_CA_STORE: "" },
      });
      assertEquals(result.code, 255, result.stderr);
      assertStringIncludes(result.stderr, "it does not accept key SHA256:");
      const { stderr } = serving.server.printed;
      assertStringIncludes(stderr, "denied SHA256:");
      assert(!stderr.includes("session begins"), stderr);
    });
  }
});
