/** Hosts between a client and `escp --serve`. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { pass } from "../../../src/net/pass.ts";
import { MAX_ANSWER_BYTES, parseAnswer } from "../../../src/protocol/serve/first_line.ts";
import { type Identity, parsePem } from "../../../src/serve/certificate.ts";
import { startPinnedTls } from "../../../src/serve/client/pinned_tls.ts";
import { readLine } from "../../../src/serve/read_line.ts";
import { startTlsServer } from "../../serve/client/fake_server.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { writeTree } from "../../support/files/temp_tree.ts";
import { startServing } from "../../support/hosts/serving.ts";
import { connectTo } from "./client.ts";

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

describe("a host with a forged certificate", { ignore: !hasOpenssl }, () => {
  const variables: [string, (authority: string) => Record<string, string>][] = [
    ["DENO_TLS_CA_STORE=system", (path) => ({ DENO_TLS_CA_STORE: "system", SSL_CERT_FILE: path })],
    ["DENO_CERT", (path) => ({ DENO_CERT: path })],
    ["NODE_EXTRA_CA_CERTS", (path) => ({ NODE_EXTRA_CA_CERTS: path })],
  ];
  for (const [name, env] of variables) {
    it(`of an authority that ${name} trusts is refused, and not remembered`, async () => {
      await using directory = await createTempDirectory();
      const identity = await forgeIdentity(directory.path);
      await using serving = await startServing();
      const { conn, certificate } = await requestCertificate(serving.port);
      conn.close();
      let began = false;
      await using middle = await startTlsServer({ identity, shown: certificate }, async (tls) => {
        await tls.handshake();
        began = true;
      });
      const url = `escps://127.0.0.1:${middle.port}/file`;
      const result = await serving.run([url, "copy"], { env: env(`${directory.path}/ca.pem`) });
      // From source, Deno has read the variable before escp starts.
      const reason = Deno.env.has("ESCP_BINARY") ? "it does not have the key of its certificate" : "could forge it";
      assertStringIncludes(result.stderr, reason);
      assertEquals(result.code === 0, false);
      assertEquals(began, false);
      const known = `${serving.clientHome}/.config/escp/known_servers`;
      const text = await Deno.readTextFile(known).catch(() => "");
      assert(!text.includes(`:${middle.port} `), text);
    });
  }
});

function isInstalled(name: string): boolean {
  try {
    return new Deno.Command(name, { args: ["version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
