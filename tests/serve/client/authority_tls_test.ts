import { assert, assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { StartError } from "../../../src/errors.ts";
import { writeAll } from "../../../src/net/pass.ts";
import { parsePemBlocks } from "../../../src/serve/certificate.ts";
import { type AuthorityTls, startAuthorityTls } from "../../../src/serve/client/authority_tls.ts";
import { hashCertificate } from "../../../src/serve/fingerprint.ts";
import type { ServerAddress } from "../../../src/serve/server_address.ts";
import { createTempDirectory } from "../../support/files/temp.ts";
import { type Authority, type Certified, createAuthority, writeCertified } from "../../support/hosts/authority.ts";
import { freePort } from "../../support/hosts/free_port.ts";
import { runTool } from "../../support/hosts/ssh_tools.ts";
import { type FakeServer, startFakeServer } from "./fake_server.ts";

const hasOpenssl = await runTool("openssl", ["version"]).then(() => true, () => false);

interface StartOptions {
  timeoutMs?: number;
  signal?: AbortSignal;
}

function start({ host, port }: ServerAddress, authority: Authority, options: StartOptions = {}): Promise<AuthorityTls> {
  return startAuthorityTls({ host, port }, {
    name: "server",
    authorities: { path: "ca.pem", certificates: parsePemBlocks("CERTIFICATE", authority.pem)! },
    timeoutMs: options.timeoutMs ?? 30_000,
    signal: options.signal ?? new AbortController().signal,
  });
}

/** Starts a server of TLS that sends back what it receives, until a line break. */
function startEchoing(
  { certificate: cert, privateKey: key }: Certified,
  host = "127.0.0.1",
): ServerAddress & AsyncDisposable {
  const listener = Deno.listenTls({ hostname: host, port: 0, cert, key });
  const running: Promise<void>[] = [];
  const accept = async () => {
    for await (const conn of listener) {
      running.push(echo(conn).catch(() => {}));
    }
  };
  const echo = async (conn: Deno.TlsConn) => {
    const buffer = new Uint8Array(64 << 10);
    for (let last = 0; last !== 0x0a;) {
      const count = await conn.read(buffer);
      if (count === null) break;
      await writeAll(conn, buffer.subarray(0, count));
      last = buffer[count - 1];
    }
    conn.close();
  };
  const accepting = accept().catch(() => {});
  return {
    host,
    port: listener.addr.port,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      await Promise.all(running);
    },
  };
}

async function readText({ conn }: AuthorityTls): Promise<string> {
  const buffer = new Uint8Array(4 << 20);
  let length = 0;
  for (let count: number | null = 0; count !== null; length += count ?? 0) {
    count = await conn.read(buffer.subarray(length));
  }
  return new TextDecoder().decode(buffer.subarray(0, length));
}

describe("TLS with a certificate of an authority", () => {
  it("carries bytes in both directions until the server ends it, and shows the certificate", async () => {
    const authority = await createAuthority();
    const certified = await authority.certify({ names: ["127.0.0.1"] });
    await using server = startEchoing(certified);
    // Deno resumes the session of the first connection.
    for (let count = 0; count < 3; count++) {
      const tls = await start(server, authority);
      const [certificate] = parsePemBlocks("CERTIFICATE", certified.certificate)!;
      assertEquals(tls.certificateHash, await hashCertificate(certificate));
      const text = "text ".repeat(500_000) + "\n";
      const reading = readText(tls);
      await tls.conn.write(new TextEncoder().encode(text));
      assertEquals(await reading, text);
      tls.conn.close();
    }
  });

  it("refuses a server again whose certificate was refused, also if TLS resumes the session", {
    ignore: !hasOpenssl,
  }, async () => {
    await using directory = await createTempDirectory();
    const [authority, other] = [await createAuthority(), await createAuthority()];
    const [, chain, , key] = await writeCertified(directory.path, await other.certify({ names: ["127.0.0.1"] }));
    const port = freePort();
    // In TLS 1.2, a client has the ticket when the handshake is complete.
    const args = ["s_server", "-tls1_2", "-accept", `127.0.0.1:${port}`, "-cert", chain, "-key", key, "-quiet"];
    await using server = await startTool("openssl", args, port);
    for (let count = 0; count < 3; count++) {
      await assertRejects(() => start(server, authority), StartError, "Cannot trust server");
    }
  });

  it("ignores NODE_TLS_REJECT_UNAUTHORIZED", async () => {
    const [authority, other] = [await createAuthority(), await createAuthority()];
    await using server = startEchoing(await other.certify({ names: ["127.0.0.1"] }));
    Deno.env.set("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    try {
      await assertRejects(() => start(server, authority), StartError, "Cannot trust server");
    } finally {
      Deno.env.delete("NODE_TLS_REJECT_UNAUTHORIZED");
    }
  });

  it("restores the variables that name authorities", async () => {
    const authority = await createAuthority();
    await using server = startEchoing(await authority.certify({ names: ["127.0.0.1"] }));
    const before = Deno.env.get("DENO_TLS_CA_STORE");
    assert(before);
    const starting = start(server, authority);
    (await starting).conn.close();
    assertEquals(Deno.env.get("DENO_TLS_CA_STORE"), before);
  });

  it("is refused with the reason if the server is silent, ends the connection, or does not answer in TLS", async () => {
    const authority = await createAuthority();
    const attempt = async (server: FakeServer, reason: string, options: StartOptions = {}) => {
      await using running = server;
      await assertRejects(() => start(running, authority, options), StartError, reason);
    };
    const silent = startFakeServer(async (conn) => {
      while (await conn.read(new Uint8Array(4096)) !== null);
    });
    await attempt(silent, "no answer within 0.2 s", { timeoutMs: 200 });
    await attempt(startFakeServer((conn) => Promise.resolve(conn.close())), "Cannot start TLS with server");
    const plain = startFakeServer(async (conn) => {
      await conn.read(new Uint8Array(4096));
      await writeAll(conn, new TextEncoder().encode("escps/1 refused busy\n"));
      conn.close();
    });
    await attempt(plain, "Cannot start TLS with server");
  });

  it("is refused for a host that a certificate cannot contain, and accepts IPv6", async () => {
    const authority = await createAuthority();
    for (const host of ["fe80::1%eth0", "a..b", "-a", "a-", "é", ""]) {
      const error = "a certificate cannot contain its host";
      await assertRejects(() => start({ host, port: 1 }, authority), StartError, error, host);
    }
    await using server = startEchoing(await authority.certify({ names: ["::1"] }), "::1");
    (await start(server, authority)).conn.close();
  });

  it("refuses a name that is only the common name of a certificate for an address", async () => {
    const authority = await createAuthority();
    await using server = startEchoing(await authority.certify({ names: ["127.0.0.1"], commonName: "localhost" }));
    const named = { ...server, host: "localhost" };
    await assertRejects(() => start(named, authority), StartError, "its certificate is not for localhost");
  });

  it("ends when it is aborted", async () => {
    const authority = await createAuthority();
    const controller = new AbortController();
    const reason = new Error("stopped");
    await using silent = startFakeServer(async (conn) => {
      while (await conn.read(new Uint8Array(4096)) !== null) controller.abort(reason);
    });
    const error = await assertRejects(() => start(silent, authority, { signal: controller.signal }));
    assertEquals(error, reason);
  });
});

/** Starts a program that listens at a port. */
async function startTool(name: string, args: string[], port: number): Promise<ServerAddress & AsyncDisposable> {
  const child = new Deno.Command(name, { args, stdin: "piped", stdout: "null", stderr: "null" }).spawn();
  for (;;) {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    if (conn) {
      conn.close();
      break;
    }
  }
  return {
    host: "127.0.0.1",
    port,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.stdin.close().catch(() => {});
      await child.status;
    },
  };
}
