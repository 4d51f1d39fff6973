/** Handshake of a data connection: a preamble in the clear, then one sealed frame each way. See SESSIONS.md, "Streams". */

import type { CipherEngine, DirectionKey } from "../../crypto/cipher.ts";
import { deriveStreamKeys, type StreamKeys } from "../../crypto/key_schedule.ts";
import { ProtocolError } from "../../errors.ts";
import { type ByteConn, ConnTransport } from "../../net/transport.ts";
import { FrameKind, PROOF_PAYLOAD_LIMIT } from "../../protocol/data/frame.ts";
import { formatPreamble, parsePreamble, PREAMBLE_BYTES } from "../../protocol/data/preamble.ts";
import { FRAME_START, frameBuffer, FrameReader, FrameWriter } from "../../streams/frames/frames.ts";
import type { AuthenticatedStream, Role, SessionSecrets } from "../model/session.ts";
import { NO_ANSWER } from "../../net/tunnel.ts";

/** How long a connection may take to prove itself. */
export const PROOF_TIMEOUT_MS = 5_000;
/** What is said of one that nobody waits for any more. */
export const UNNEEDED = "no longer needed";

/**
 * The end that has opened a connection: proves it, and has the other end prove itself.
 *
 * @param options.as which end of the session this is; the client where it is not said.
 * @throws when the other end is not that of this session; the connection is closed then.
 */
export async function offerProof(
  conn: ByteConn,
  index: number,
  secrets: SessionSecrets,
  engine: CipherEngine,
  { as = "client", timeoutMs = PROOF_TIMEOUT_MS }: { as?: Role; timeoutMs?: number } = {},
): Promise<AuthenticatedStream> {
  return await inTime(conn, timeoutMs, async () => {
    const keys = keysFor(as, await deriveStreamKeys(secrets.key, secrets.cipher, index));
    const transport = new ConnTransport(conn);
    const preamble = formatPreamble(secrets.id, index);
    for (let at = 0; at < preamble.length;) at += await transport.write(preamble, at, preamble.length);
    await sendProof(engine, transport, keys.sendKey);
    await readProof(engine, transport, keys.receiveKey);
    return { index, conn, ...keys };
  });
}

/**
 * The end that has taken a connection: lets it prove itself.
 *
 * @param claim says whether a proven stream of this number is welcome; called once, after the proof.
 * @param as which end of the session this is.
 * @throws when it does not belong to the session; the connection is closed then.
 */
export async function acceptProof(
  conn: Deno.TcpConn,
  secrets: SessionSecrets,
  engine: CipherEngine,
  claim: (index: number) => boolean,
  as: Role = "remote",
): Promise<AuthenticatedStream> {
  return await inTime(conn, PROOF_TIMEOUT_MS, async () => {
    conn.setNoDelay(true);
    const transport = new ConnTransport(conn);
    const preamble = new Uint8Array(PREAMBLE_BYTES);
    for (let have = 0; have < PREAMBLE_BYTES;) {
      const read = await transport.read(preamble, have, PREAMBLE_BYTES);
      if (read === 0) throw new ProtocolError("bad-preamble", "The connection ended before it proved itself");
      have += read;
    }
    const index = parsePreamble(preamble, secrets.id);
    const keys = keysFor(as, await deriveStreamKeys(secrets.key, secrets.cipher, index));
    await readProof(engine, transport, keys.receiveKey);
    // After the proof, so that a stranger cannot use up a number; a replayed proof finds its number taken.
    if (!claim(index)) throw new ProtocolError("bad-preamble", `Cannot accept stream ${index} twice`);
    await sendProof(engine, transport, keys.sendKey);
    return { index, conn, ...keys };
  });
}

function keysFor(as: Role, { toRemote, toClient }: StreamKeys): Pick<AuthenticatedStream, "sendKey" | "receiveKey"> {
  return as === "client" ? { sendKey: toRemote, receiveKey: toClient } : { sendKey: toClient, receiveKey: toRemote };
}

async function sendProof(engine: CipherEngine, transport: ConnTransport, key: DirectionKey): Promise<void> {
  const writer = await FrameWriter.create(engine, transport, key, 0);
  try {
    await writer.write(FrameKind.proof, frameBuffer(0), FRAME_START, 0);
  } finally {
    writer.close();
  }
}

async function readProof(engine: CipherEngine, transport: ConnTransport, key: DirectionKey): Promise<void> {
  const options = { payloadLimit: PROOF_PAYLOAD_LIMIT, received: 0, readAhead: false };
  const reader = await FrameReader.create(engine, transport, key, options);
  try {
    await reader.next();
    if (reader.kind !== FrameKind.proof) throw new ProtocolError("bad-frame", "The first frame is not a proof");
  } finally {
    reader.close();
  }
}

/** Closes the connection when the work fails or takes too long. @throws {Deno.errors.TimedOut} in the latter case. */
async function inTime<T>(conn: ByteConn, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    closeQuietly(conn);
  }, timeoutMs);
  try {
    const done = await work();
    if (!late) return done;
  } catch (error) {
    closeQuietly(conn);
    if (!late) throw error;
  } finally {
    clearTimeout(timer);
  }
  throw new Deno.errors.TimedOut(NO_ANSWER);
}

/** Closes a connection that may be closed already. */
export function closeQuietly(conn: { close(): void }): void {
  try {
    conn.close();
  } catch {
    // It was closed by the other of the two who may close it.
  }
}
