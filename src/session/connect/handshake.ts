/** The handshake of a data connection: a preamble in the clear, then one encrypted frame each way. */

import { closeQuietly } from "../../net/close.ts";
import type { CipherEngine, DirectionKey } from "../../crypto/cipher.ts";
import { deriveStreamKeys, type StreamKeys } from "../../crypto/key_schedule.ts";
import { ProtocolError } from "../../errors.ts";
import { withDeadline } from "../../async/settle_within.ts";
import { type ByteConn, ConnTransport } from "../../net/transport.ts";
import { NO_ANSWER } from "../../net/tunnel.ts";
import { FrameKind, PROOF_PAYLOAD_LIMIT } from "../../protocol/data/frame.ts";
import { formatPreamble, parsePreamble, PREAMBLE_BYTES } from "../../protocol/data/preamble.ts";
import { FRAME_START, frameBuffer, FrameReader, FrameWriter } from "../../streams/frames/frames.ts";
import type { AuthenticatedStream, Role, SessionSecrets } from "../model/session.ts";

/** Maximum time of a handshake, in milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 5_000;
/** Reason of an attempt that was canceled. */
export const UNNEEDED = "no longer needed";

/**
 * Authenticates both ends of a connection that this end has opened.
 *
 * @param options.as which end of the session this is. Default: the client.
 * @throws {Error} if the peer is not that of the session. The connection is closed then.
 */
export async function offerHandshake(
  conn: ByteConn,
  index: number,
  secrets: SessionSecrets,
  engine: CipherEngine,
  { as = "client", timeoutMs = HANDSHAKE_TIMEOUT_MS }: { as?: Role; timeoutMs?: number } = {},
): Promise<AuthenticatedStream> {
  return await orClose(conn, timeoutMs, async () => {
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
 * Authenticates both ends of a connection that this end has accepted.
 *
 * @param claim returns whether an authenticated stream of this number is accepted. Called once.
 * @param as which end of the session this is.
 * @throws {Error} if the connection does not belong to the session. The connection is closed then.
 */
export async function acceptHandshake(
  conn: Deno.TcpConn,
  secrets: SessionSecrets,
  engine: CipherEngine,
  claim: (index: number) => boolean,
  as: Role = "remote",
): Promise<AuthenticatedStream> {
  return await orClose(conn, HANDSHAKE_TIMEOUT_MS, async () => {
    conn.setNoDelay(true);
    const transport = new ConnTransport(conn);
    const preamble = new Uint8Array(PREAMBLE_BYTES);
    for (let have = 0; have < PREAMBLE_BYTES;) {
      const read = await transport.read(preamble, have, PREAMBLE_BYTES);
      if (read === 0) throw new ProtocolError("bad-preamble", "The connection ended before its handshake");
      have += read;
    }
    const index = parsePreamble(preamble, secrets.id);
    const keys = keysFor(as, await deriveStreamKeys(secrets.key, secrets.cipher, index));
    await readProof(engine, transport, keys.receiveKey);
    // After the proof, so that a stranger cannot use up a number. The number of a replayed proof is taken.
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

/** Closes the connection if the work fails or takes too long. @throws {Deno.errors.TimedOut} if it takes too long. */
async function orClose<T>(conn: ByteConn, timeoutMs: number, work: () => Promise<T>): Promise<T> {
  try {
    return await withDeadline(timeoutMs, work(), () => new Deno.errors.TimedOut(NO_ANSWER));
  } catch (error) {
    closeQuietly(conn);
    throw error;
  }
}
