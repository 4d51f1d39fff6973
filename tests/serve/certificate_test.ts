import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { credentialsOf, formatPem, parsePem, parsePemBlocks, SERVER_NAME } from "../../src/serve/certificate.ts";
import { startPinnedTls } from "../../src/serve/client/pinned_tls.ts";
import { createIdentity } from "../../src/serve/server/create_identity.ts";
import { TlsEnd } from "../../src/serve/server/tls_end.ts";
import { createTempDirectory } from "../support/files/temp.ts";
import { runTool } from "../support/hosts/ssh_tools.ts";

const hasOpenssl = await runTool("openssl", ["version"]).then(() => true, () => false);

describe("the certificate of a server", () => {
  it("is valid for OpenSSL, signed by its own key, for one name, and not that of an authority", {
    ignore: !hasOpenssl,
  }, async () => {
    await using directory = await createTempDirectory();
    const { certificate, privateKey } = await createIdentity();
    const [cert, key] = [`${directory.path}/cert`, `${directory.path}/key`];
    await Deno.writeTextFile(cert, formatPem("CERTIFICATE", certificate));
    await Deno.writeTextFile(key, formatPem("PRIVATE KEY", privateKey));
    const text = await runTool("openssl", ["x509", "-in", cert, "-noout", "-text"]);
    for (const part of ["Version: 3", "Signature Algorithm: ED25519", "CA:FALSE", `DNS:${SERVER_NAME}`, "9999"]) {
      assertStringIncludes(text, part);
    }
    const publicKey = await runTool("openssl", ["x509", "-in", cert, "-noout", "-pubkey"]);
    assertEquals(publicKey, await runTool("openssl", ["pkey", "-in", key, "-pubout"]));
    await runTool("openssl", ["verify", "-CAfile", cert, "-check_ss_sig", cert]);
  });

  it("differs each time", async () => {
    const [one, other] = [await createIdentity(), await createIdentity()];
    assert(one.certificate.toHex() !== other.certificate.toHex());
  });

  it("round-trips as PEM, and damaged PEM is not read", () => {
    const bytes = crypto.getRandomValues(new Uint8Array(300));
    const pem = formatPem("CERTIFICATE", bytes);
    assert(pem.split("\n").every((line) => line.length <= 64));
    assertEquals(parsePem("CERTIFICATE", `x\n${pem}${formatPem("PRIVATE KEY", bytes.slice(1))}`), bytes);
    assertEquals(parsePem("PRIVATE KEY", pem), undefined);
    assertEquals(parsePem("CERTIFICATE", pem.replace("\n", "\nA")), undefined);
    assertEquals(parsePem("CERTIFICATE", ""), undefined);
  });

  it("of several blocks is read in order, also with line breaks of Windows; a damaged block is not left out", () => {
    const blocks = [1, 2, 3].map((byte) => new Uint8Array(100).fill(byte));
    const pem = blocks.map((bytes) => `# a comment\n${formatPem("CERTIFICATE", bytes)}`).join("");
    assertEquals(parsePemBlocks("CERTIFICATE", pem), blocks);
    assertEquals(parsePemBlocks("CERTIFICATE", pem.replaceAll("\n", "\r\n")), blocks);
    assertEquals(parsePemBlocks("PRIVATE KEY", pem), []);
    for (const damaged of [pem.slice(0, -20), pem.replace("AgIC", "A!IC"), pem.replace("AgIC", "A")]) {
      assertEquals(parsePemBlocks("CERTIFICATE", damaged), undefined, damaged.slice(-40));
    }
  });
});

describe("TLS of a server", () => {
  it("begins on a connection that has carried other bytes, and proves the key of the certificate", async () => {
    const identity = await createIdentity();
    using tls = new TlsEnd(credentialsOf(identity));
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serve = async () => {
      const conn = await listener.accept();
      await conn.read(new Uint8Array(5));
      using accepted = (await tls.accept(conn)).tls;
      const buffer = new Uint8Array(16);
      const count = await accepted.read(buffer).catch(() => null);
      if (count) await accepted.write(buffer.subarray(0, count));
      await accepted.closeWrite().catch(() => {});
    };
    const connect = async (certificate: Uint8Array) => {
      const conn = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
      await conn.write(new TextEncoder().encode("plain"));
      return await startPinnedTls(conn, certificate);
    };
    const serving = serve();
    using client = await connect(identity.certificate);
    await client.write(new TextEncoder().encode("hello"));
    const buffer = new Uint8Array(16);
    assertEquals(await client.read(buffer), 5);
    assertEquals(await client.read(buffer), null);
    await serving;
    const refusing = serve();
    using other = await connect((await createIdentity()).certificate);
    await assertRejects(() => other.handshake(), "invalid peer certificate");
    await refusing;
  });
});
