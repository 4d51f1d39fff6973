/** A client of `escp --serve` in the process of a test, which sends what the test wants. */

import { closeQuietly } from "../../../src/net/close.ts";
import { type ByteReader, type ByteWriter, writeAll } from "../../../src/net/pass.ts";
import { formatFirstLine, MAX_ANSWER_BYTES, parseAnswer } from "../../../src/protocol/serve/first_line.ts";
import {
  formatLogin,
  MAX_LOGIN_LINE_BYTES,
  parseChallenge,
  parseVerdict,
  type Proof,
  type Verdict,
} from "../../../src/protocol/serve/login_messages.ts";
import { keyProofData, NONCE_BYTES, type ProofBinding } from "../../../src/protocol/serve/proof.ts";
import { parsePemBlocks } from "../../../src/serve/certificate.ts";
import { startAuthorityTls } from "../../../src/serve/client/authority_tls.ts";
import { startPinnedTls } from "../../../src/serve/client/pinned_tls.ts";
import { hashCertificate } from "../../../src/serve/fingerprint.ts";
import type { KeySigner } from "../../../src/serve/keys/key_signer.ts";
import { LineReader, readLine } from "../../../src/serve/read_line.ts";

/** A connection in TLS, after the challenge of the server. */
export interface RawClient extends Disposable {
  readonly certificateHash: Uint8Array<ArrayBuffer>;
  readonly serverNonce: Uint8Array;
  /** Sends a line, and returns the answer. */
  send(line: string): Promise<Verdict>;
}

/** Connects to a server on loopback. */
export async function connectTo(port: number, hostname = "127.0.0.1"): Promise<Deno.TcpConn> {
  return await Deno.connect({ hostname, port });
}

/** Connects, and starts TLS. */
export async function openRawClient(port: number): Promise<RawClient> {
  const conn = await connectTo(port);
  await writeText(conn, formatFirstLine({ kind: "control" }));
  const answer = parseAnswer((await readLine(conn, MAX_ANSWER_BYTES)).line);
  if (answer.kind !== "certificate") throw new Error("The server has refused the connection");
  const tls = await startPinnedTls(conn, answer.certificate);
  return await rawClient(tls, await hashCertificate(answer.certificate));
}

async function rawClient(
  tls: ByteReader & ByteWriter & { close(): void },
  certificateHash: Uint8Array<ArrayBuffer>,
): Promise<RawClient> {
  const lines = new LineReader(tls, MAX_LOGIN_LINE_BYTES);
  const { nonce } = parseChallenge(await lines.next());
  return {
    certificateHash,
    serverNonce: nonce,
    async send(line) {
      await writeText(tls, line);
      return parseVerdict(await lines.next());
    },
    [Symbol.dispose]: () => closeQuietly(tls),
  };
}

/** Connects with TLS from the first byte, as a client with --ca. @param ca PEM of the authority. */
export async function openCertifiedClient(port: number, ca: string): Promise<RawClient> {
  const { conn, certificateHash } = await startAuthorityTls({ host: "127.0.0.1", port }, {
    name: "server",
    authorities: { path: "ca", certificates: parsePemBlocks("CERTIFICATE", ca)! },
    timeoutMs: 30_000,
    signal: new AbortController().signal,
  });
  return await rawClient(conn, certificateHash);
}

/** Returns the proof of a key for a connection. */
export async function proofOf(
  signer: KeySigner,
  { certificateHash, serverNonce }: Pick<RawClient, "certificateHash" | "serverNonce">,
): Promise<Proof> {
  const clientNonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const binding: ProofBinding = { certificateHash, serverNonce, clientNonce };
  const { blob } = signer.publicKey;
  const signature = await signer.sign(await keyProofData(binding, blob));
  return { type: "key", nonce: clientNonce, key: blob, signature };
}

/** Sends a proof, and returns the type of the answer. */
export async function tryProof(client: RawClient, proof: Proof): Promise<Verdict["type"]> {
  return (await client.send(formatLogin(proof))).type;
}

/** Sends bytes, and reads until the server ends the connection. Returns what it sent. */
export async function converse(port: number, bytes: string | Uint8Array): Promise<Uint8Array> {
  const conn = await connectTo(port);
  try {
    await writeAll(conn, typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
    return await readToEnd(conn);
  } catch {
    // The server has closed the connection before it has read everything.
    return new Uint8Array();
  } finally {
    closeQuietly(conn);
  }
}

/** Reads until the end of a connection, which may be a reset. */
export async function readToEnd(conn: Deno.Conn): Promise<Uint8Array> {
  const parts: number[] = [];
  const buffer = new Uint8Array(4096);
  for (;;) {
    const count = await conn.read(buffer).catch(() => null);
    if (count === null) return Uint8Array.from(parts);
    parts.push(...buffer.subarray(0, count));
  }
}

async function writeText(conn: ByteWriter, text: string): Promise<void> {
  await writeAll(conn, new TextEncoder().encode(text));
}
