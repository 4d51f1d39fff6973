import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { StartError } from "../../../src/errors.ts";
import { printable } from "../../../src/escape_text.ts";
import { closeQuietly } from "../../../src/net/close.ts";
import { writeAll } from "../../../src/net/pass.ts";
import { formatAnswer, MAX_FIRST_LINE_BYTES } from "../../../src/protocol/serve/first_line.ts";
import {
  formatLogin,
  MAX_LOGIN_LINE_BYTES,
  MAX_PROOFS,
  parseProof,
} from "../../../src/protocol/serve/login_messages.ts";
import { isSecretProof, secretProof } from "../../../src/protocol/serve/proof.ts";
import { type ControlOptions, openControl, type Prover } from "../../../src/serve/client/open_control.ts";
import { LineReader, readLine } from "../../../src/serve/read_line.ts";
import { createIdentity } from "../../../src/serve/server/create_identity.ts";
import type { ServerAddress } from "../../../src/serve/server_address.ts";
import { type FakeServer, startAnswering, startFakeServer, startTlsServer } from "./fake_server.ts";

const SECRET = new Uint8Array(16).fill(5);
const NONCE = new Uint8Array(32).fill(6);
const ROUTE = "0123456789abcdef0123456789abcdef";

const PROVER: Prover = {
  name: "the key of the URL",
  hint: "Copy the whole URL again",
  prove: async (binding) => {
    return { type: "once", nonce: binding.clientNonce, mac: await secretProof("client", SECRET, binding) };
  },
  checkServer: async (mac, binding) => mac !== undefined && await isSecretProof("server", mac, SECRET, binding),
};

/** Opens a session whose certificate is trusted, and closes it. */
async function open({ host, port }: ServerAddress, options: Partial<ControlOptions> = {}): Promise<void> {
  const { conn } = await openControl({ host, port }, {
    name: "server",
    trust: () => Promise.resolve(undefined),
    provers: () => Promise.resolve([PROVER]),
    timeoutMs: 30_000,
    signal: new AbortController().signal,
    ...options,
  });
  closeQuietly(conn);
}

/** Asserts that no session is opened. */
async function refuses(server: FakeServer, reason: string, options: Partial<ControlOptions> = {}): Promise<void> {
  await using running = server;
  const error = await assertRejects(() => open(running, options), StartError, reason);
  assertEquals(error.message, printable(error.message));
}

const sends = (...lines: (string | Uint8Array)[]) => async (tls: Deno.TlsConn) => {
  for (const line of lines) await writeAll(tls, typeof line === "string" ? new TextEncoder().encode(line) : line);
  while (await tls.read(new Uint8Array(4096)) !== null);
};
const CHALLENGE = formatLogin({ type: "challenge", nonce: NONCE });
const ACCEPTED = { type: "accepted", route: ROUTE, onePort: false } as const;

describe("a client refuses a server before TLS", () => {
  const answers: [string, string | Uint8Array, string][] = [
    ["that is another program", "SSH-2.0-OpenSSH_9.2\r\n", "did not answer like escp --serve"],
    ["with an endless line", new Uint8Array(1 << 20).fill(0x41), "longer than 4096 bytes"],
    ["that sends escape sequences", "\x1b]0;owned\x07 x y\n", "did not answer like escp --serve"],
    ["with an empty certificate", "escps/1 certificate \n", "1 to 2048 bytes"],
    ["with a certificate that is too large", `escps/1 certificate ${"A".repeat(3000)}\n`, "1 to 2048 bytes"],
    ["with a certificate that is not base64", "escps/1 certificate ***\n", "not base64"],
    ["with bytes after its answer", "escps/1 certificate QUJD\nmore", "did not answer like escp --serve"],
    ["with a certificate that is not one", "escps/1 certificate QUJD\n", "Cannot trust server"],
    ["with an unknown refusal", "escps/1 refused \x1b[2J\n", "did not answer like escp --serve"],
  ];
  for (const [name, answer, reason] of answers) {
    it(name, async () => await refuses(startAnswering(answer), reason));
  }

  it("that does not answer in time", async () => {
    await refuses(startAnswering(""), "no answer within 0.05 s", { timeoutMs: 50 });
  });

  it("that stays busy, after further attempts", async () => {
    let attempts = 0;
    const server = startFakeServer(async (conn) => {
      attempts++;
      await readLine(conn, MAX_FIRST_LINE_BYTES);
      await writeAll(conn, new TextEncoder().encode(formatAnswer({ kind: "refused", reason: "busy" })));
    });
    await refuses(server, "it has too many connections", { timeoutMs: 400 });
    assertEquals(attempts, 2);
  });

  it("that stays busy and has a certificate of an authority, after further attempts", async () => {
    let attempts = 0;
    const server = startFakeServer(async (conn) => {
      attempts++;
      await conn.read(new Uint8Array(4096));
      await writeAll(conn, new TextEncoder().encode(formatAnswer({ kind: "refused", reason: "busy" })));
    });
    const { certificate } = await createIdentity();
    const authorities = { path: "ca.pem", certificates: [certificate] };
    await refuses(server, "it has too many connections", { authorities, timeoutMs: 400 });
    assertEquals(attempts, 2);
  });

  it("whose certificate is not trusted, without TLS", async () => {
    let began = false;
    const server = await startTlsServer({}, async (tls) => {
      await tls.handshake();
      began = true;
    });
    const trust = () => Promise.reject(new StartError("Cannot trust it"));
    await refuses(server, "Cannot trust it", { trust });
    assertEquals(began, false);
  });
});

describe("a client of a server that runs too many sessions", () => {
  it("tries again until it is accepted", async () => {
    const full = formatLogin({ type: "refused", message: "it is full", busy: true });
    const answers = [full, formatLogin(ACCEPTED)];
    await using server = await startTlsServer({}, (tls) => sends(CHALLENGE, answers.shift()!)(tls));
    const { checkServer: _, ...prover } = PROVER;
    await open(server, { provers: () => Promise.resolve([prover]) });
    assertEquals(answers, []);
  });
});

describe("a client refuses a server in TLS", () => {
  it("that runs too many sessions, after a further attempt", async () => {
    let attempts = 0;
    const server = await startTlsServer({}, async (tls) => {
      attempts++;
      await sends(CHALLENGE, formatLogin({ type: "refused", message: "it is full", busy: true }))(tls);
    });
    await refuses(server, "Cannot start a session at server: it is full", { timeoutMs: 1_000 });
    assertEquals(attempts, 2);
  });

  it("that shows the certificate of another server", async () => {
    const { certificate } = await createIdentity();
    const server = await startTlsServer({ shown: certificate }, sends(CHALLENGE));
    await refuses(server, "it does not have the key of its certificate");
  });

  const messages: [string, (string | Uint8Array)[], string][] = [
    ["with an endless challenge", [new Uint8Array(1 << 20).fill(0x41)], `longer than ${MAX_LOGIN_LINE_BYTES} bytes`],
    ["with a challenge that is not JSON", ["\x1b[2J\n"], "not JSON"],
    ["with a short nonce", ['{"type":"challenge","nonce":"AAAA"}\n'], "nonce"],
    ["that accepts without a challenge", [formatLogin(ACCEPTED)], "type"],
    ["that accepts without its proof", [CHALLENGE, formatLogin(ACCEPTED)], "does not know the secret of the URL"],
    [
      "that accepts with a wrong proof",
      [CHALLENGE, formatLogin({ ...ACCEPTED, mac: new Uint8Array(32) })],
      "does not know the secret of the URL",
    ],
    ["with a route that is not one", [CHALLENGE, formatLogin({ ...ACCEPTED, route: "x".repeat(32) })], "route"],
    ["that denies its proof", [CHALLENGE, formatLogin({ type: "denied" })], "it does not accept the key of the URL"],
    [
      "that refuses with line breaks and control characters",
      [CHALLENGE, formatLogin({ type: "refused", message: "no\nescp: Password:\r\x1b[2J\u202e" })],
      "no\\nescp: Password:\\r\\x1b[2J\\u202e",
    ],
    [
      "that refuses with a long text",
      [CHALLENGE, formatLogin({ type: "refused", message: "x".repeat(1025) })],
      "message",
    ],
  ];
  for (const [name, lines, reason] of messages) {
    it(name, async () => await refuses(await startTlsServer({}, sends(...lines)), reason));
  }

  it("that returns the proof of the client as its own", async () => {
    const server = await startTlsServer({}, async (tls) => {
      await writeAll(tls, new TextEncoder().encode(CHALLENGE));
      const proof = parseProof(await new LineReader(tls, MAX_LOGIN_LINE_BYTES).next());
      const mac = proof.type === "once" ? proof.mac : undefined;
      await writeAll(tls, new TextEncoder().encode(formatLogin({ ...ACCEPTED, mac })));
    });
    await refuses(server, "does not know the secret of the URL");
  });

  it("that ends the connection during the login", async () => {
    await refuses(await startTlsServer({}, () => Promise.resolve()), "it has closed the connection");
  });

  it("that denies its proof, with the hint of that proof", async () => {
    const { hint, ...withoutHint } = PROVER;
    for (
      const [provers, expected] of [
        [[PROVER], hint],
        [
          [withoutHint],
          "Add a public key (ssh-ed25519) to the file of --authorized-keys on that host, or choose a key with -i",
        ],
      ] as const
    ) {
      await using server = await startTlsServer({}, sends(CHALLENGE, formatLogin({ type: "denied" })));
      const error = await assertRejects(() => open(server, { provers: () => Promise.resolve(provers) }), StartError);
      assertEquals(error.hint, expected);
    }
  });

  it("that denies many keys, after a limited number of proofs", async () => {
    let proofs = 0;
    const server = await startTlsServer({}, async (tls) => {
      await writeAll(tls, new TextEncoder().encode(CHALLENGE));
      const lines = new LineReader(tls, MAX_LOGIN_LINE_BYTES);
      for (;; proofs++) {
        await lines.next();
        await writeAll(tls, new TextEncoder().encode(formatLogin({ type: "denied" })));
      }
    });
    const provers = () => Promise.resolve(Array<Prover>(20).fill(PROVER));
    await refuses(server, "it does not accept", { provers });
    assertEquals(proofs, MAX_PROOFS);
  });
});
