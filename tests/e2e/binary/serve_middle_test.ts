/** Hosts between a client and `escp --serve`. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { pass, writeAll } from "../../../src/net/pass.ts";
import { MAX_ANSWER_BYTES, parseAnswer } from "../../../src/protocol/serve/first_line.ts";
import { MAX_LOGIN_LINE_BYTES, parseChallenge } from "../../../src/protocol/serve/login_messages.ts";
import { type Identity, parsePem, SERVER_NAME } from "../../../src/serve/certificate.ts";
import { startPinnedTls } from "../../../src/serve/client/pinned_tls.ts";
import { LineReader, readLine } from "../../../src/serve/read_line.ts";
import { createIdentity } from "../../../src/serve/server/create_identity.ts";
import { startTlsServer } from "../../serve/client/fake_server.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { createKey } from "../../support/hosts/client_key.ts";
import { startServing } from "../../support/hosts/serving.ts";
import { connectTo, converse, readToEnd } from "../../security/serve/client.ts";

const hasOpenssl = isInstalled("openssl");

/** Connects to a server, and returns the connection and the certificate that it shows. */
async function requestCertificate(port: number): Promise<{ conn: Deno.TcpConn; certificate: Uint8Array<ArrayBuffer> }> {
  const conn = await connectTo(port);
  await conn.write(new TextEncoder().encode("escps/1 control\n"));
  const answer = parseAnswer((await readLine(conn, MAX_ANSWER_BYTES)).line);
  if (answer.kind !== "certificate") throw new Error("The server has refused the connection");
  return { conn, certificate: answer.certificate };
}

/** Creates a certificate authority in the directory, as ca.pem, and a certificate of it for the name of servers. */
async function forgeIdentity(directory: string): Promise<Identity> {
  const run = async (...args: string[]) => {
    const { success, stderr } = await new Deno.Command("openssl", { args, cwd: directory }).output();
    assert(success, new TextDecoder().decode(stderr));
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = ["-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Company", "-days", "30"];
  await run("req", "-x509", ...key, ...authority);
  await run("req", ...key, "-keyout", "leaf.key", "-out", "leaf.csr", "-subj", "/CN=escp");
  await Deno.writeTextFile(`${directory}/extensions`, "subjectAltName=DNS:escp\nbasicConstraints=CA:FALSE\n");
  const signing = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "extensions"];
  await run("x509", "-req", "-in", "leaf.csr", ...signing, "-out", "leaf.pem");
  return {
    certificate: parsePem("CERTIFICATE", await Deno.readTextFile(`${directory}/leaf.pem`))!,
    privateKey: parsePem("PRIVATE KEY", await Deno.readTextFile(`${directory}/leaf.key`))!,
  };
}

describe("a server that passes the login of a client on to another server", () => {
  it("gets no session there, although the client trusts it", async () => {
    await using serving = await startServing();
    await writeTree(serving.root, { secret: "secret" });
    await using middle = await startTlsServer({}, async (tls) => {
      const { conn, certificate } = await requestCertificate(serving.port);
      using real = await startPinnedTls(conn, certificate);
      // The client ends the connection after its last key.
      await Promise.race([pass(tls, real), pass(real, tls)]);
    });
    const result = await serving.run([`escps://127.0.0.1:${middle.port}/secret`, "copy"]);
    assertEquals(result.code, 255, result.stderr);
    assertStringIncludes(result.stderr, "it does not accept key SHA256:");
    assert(!serving.server.printed.stderr.includes("session begins"));
  });
});

/** Starts a server that shows the certificate of another one, and has a forged one in TLS. Counts the clients that trust it. */
async function startForger(directory: string, shown: Uint8Array<ArrayBuffer>) {
  const identity = await forgeIdentity(directory);
  let trusting = 0;
  const server = await startTlsServer({ identity, shown }, async (tls) => {
    await tls.handshake();
    trusting++;
    await writeAll(tls, Uint8Array.of(1));
    // Until the client ends the connection.
    while (await tls.read(new Uint8Array(1024)) !== null);
  });
  return { server, authority: `${directory}/ca.pem`, trusting: () => trusting };
}

describe("a host with a forged certificate", { ignore: !hasOpenssl }, () => {
  /** Whether Deno reads the variables before escp starts. */
  const isSource = !Deno.env.has("ESCP_BINARY");
  const variables: { name: string; env: (authority: string) => Record<string, string>; isRefused: boolean }[] = [
    {
      name: "DENO_TLS_CA_STORE=system",
      env: (path) => ({ DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: path }),
      isRefused: isSource,
    },
    { name: "DENO_CERT", env: (path) => ({ DENO_CERT: path }), isRefused: isSource },
    { name: "NODE_EXTRA_CA_CERTS", env: (path) => ({ NODE_EXTRA_CA_CERTS: path }), isRefused: isSource },
    // By default Deno does not read it.
    { name: "SSL_CERT_FILE", env: (path) => ({ SSL_CERT_FILE: path }), isRefused: false },
    {
      name: "a combination of variables",
      env: (path) => ({
        DENO_TLS_CA_STORE: "mozilla,system",
        DENO_CERT: path,
        NODE_EXTRA_CA_CERTS: path,
        SSL_CERT_FILE: path,
      }),
      isRefused: isSource,
    },
  ];
  for (const { name, env, isRefused } of variables) {
    it(`of an authority that ${name} trusts is refused, and not remembered`, async () => {
      await using directory = await createTempDirectory();
      await using serving = await startServing();
      const { conn, certificate } = await requestCertificate(serving.port);
      conn.close();
      const forger = await startForger(directory.path, certificate);
      await using middle = forger.server;
      const url = `escps://127.0.0.1:${middle.port}/file`;
      const result = await serving.run([url, "copy"], { env: env(forger.authority) });
      const reason = isRefused ? "could forge it" : "it does not have the key of its certificate";
      assertStringIncludes(result.stderr, reason);
      assertEquals(result.code === 0, false);
      assertEquals(forger.trusting(), 0);
      const known = `${serving.clientHome}/.config/escp/known_servers`;
      const text = await Deno.readTextFile(known).catch(() => "");
      assert(!text.includes(`:${middle.port} `), text);
    });
  }

  it("would be trusted by a client that trusts its authority", async () => {
    await using directory = await createTempDirectory();
    const { certificate } = await createIdentity();
    const forger = await startForger(directory.path, certificate);
    await using middle = forger.server;
    const { conn } = await requestCertificate(middle.port);
    const caCerts = [await Deno.readTextFile(forger.authority)];
    using tls = await Deno.startTls(conn, { hostname: SERVER_NAME, caCerts });
    assertEquals(await tls.read(new Uint8Array(2)), 1);
    assertEquals(forger.trusting(), 1);
  });
});

describe("a client without a proof", () => {
  it("gets no session, no data connection and no remote end", async () => {
    await using serving = await startServing();
    await writeTree(serving.root, { secret: "secret" });
    const { conn, certificate } = await requestCertificate(serving.port);
    using tls = await startPinnedTls(conn, certificate);
    const lines = new LineReader(tls, MAX_LOGIN_LINE_BYTES);
    parseChallenge(await lines.next());
    // The start of a session that was accepted.
    await writeAll(tls, new TextEncoder().encode('{"type":"start","version":1}\n'));
    assertEquals(await readToEnd(tls), new Uint8Array());
    assertEquals(await converse(serving.port, `escps/1 data ${"0".repeat(32)}\n`), new Uint8Array());
    await writeTree(serving.work, { stranger: (await createKey()).file });
    await Deno.chmod(`${serving.work}/stranger`, 0o600);
    const result = await serving.run(["-i", "stranger", serving.url("secret"), "copy"]);
    assertEquals(result.code, 255);
    assertMatch(result.stderr, /it does not accept key SHA256:\S{43}/);
    assert(!serving.server.printed.stderr.includes("session begins"));
  });
});

function isInstalled(name: string): boolean {
  try {
    return new Deno.Command(name, { args: ["version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
